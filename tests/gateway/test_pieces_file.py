"""The file of pieces: durable, unreadable, shared; and the door in front of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest

from gateway.errors import LogUnavailable, NotKept
from gateway.intake import Intake
from gateway.metrics import PIECES_WAITING
from gateway.pieces import Pieces, make_pieces, tend
from gateway.sealing import new_reporter_key
from gateway.settings import ConfigFile
from normalizer.event import Channel
from tests.intake_bench import Bench
from tests.pieces_bench import NOW, SECRET, a_piece, at, join, opened, publish, refuse, texts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pieces.db"


@pytest.fixture
async def pieces(path: Path) -> AsyncIterator[Pieces]:
    made = await opened(path)
    yield made
    await made.close()


def sql(path: Path, statement: str) -> object:
    """What the file says, through the same library: another one would drop its locks."""
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(statement).get
    finally:
        connection.close()


def replaced(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


async def test_the_id_is_the_same_at_every_try_and_for_every_process(
    pieces: Pieces, path: Path
) -> None:
    await pieces.add(a_piece(1), NOW)
    first = await pieces.add(a_piece(2), NOW)
    # Nobody else takes it while the one who did may still be at it.
    assert await pieces.ripe(at(29)) == []
    after_a_crash = await opened(path)
    assert await after_a_crash.ripe(at(31)) == [first]
    await after_a_crash.close()


async def test_what_cannot_be_joined_goes_piece_by_piece(path: Path) -> None:
    pieces = await opened(path, refuse)
    await pieces.add(a_piece(1), NOW)
    assert await pieces.add(a_piece(2), NOW) is None
    alone = await pieces.ripe(at(1))
    assert texts(alone) == ["bagian 1", "bagian 2"]
    assert all(one.draft.incomplete for one in alone)
    assert len({one.draft.source_id for one in alone}) == 2
    for one in alone:
        await pieces.published(one.group, at(1))
    assert await pieces.add(a_piece(1), at(2)) is None
    assert await pieces.ripe(at(10_000)) == []
    await pieces.close()


async def test_an_item_of_a_channel_that_was_switched_off(path: Path) -> None:
    pieces = await opened(path)
    await pieces.add(a_piece(1), NOW)
    await pieces.close()
    without = Pieces(path, SECRET, {})
    await without.open()
    assert await without.ripe(at(600)) == []
    assert texts(await without.ripe(at(601))) == ["bagian 1"]
    await without.close()


async def test_another_key_blocks_nobody_and_loses_nothing(path: Path) -> None:
    before = await opened(path)
    await before.add(a_piece(1), NOW)
    await before.close()
    changed = await opened(path, secret=b"t" * 32)
    await changed.add(a_piece(2), at(1))
    (ripe,) = await changed.ripe(at(601))
    assert (await publish(changed, ripe)).text_raw == "bagian 2"
    assert await changed.ripe(at(602)) == []
    await changed.close()
    again = await opened(path)
    assert texts(await again.ripe(at(700))) == ["bagian 1"]
    await again.close()


async def test_one_damaged_piece_leaves_the_others(pieces: Pieces, path: Path) -> None:
    await pieces.add(a_piece(1, total=3), NOW)
    await pieces.add(a_piece(2, total=3), NOW)
    sql(path, "UPDATE piece SET sealed = 'x' WHERE number = 1")
    (ripe,) = await pieces.ripe(at(600))
    assert (ripe.draft.text_raw, ripe.draft.incomplete) == ("bagian 2", True)
    await pieces.published(ripe.group, at(600))
    assert await pieces.add(a_piece(1, total=3), at(601)) is None


def nothing_shows(path: Path) -> None:
    for file in path.parent.glob("pieces*"):
        content = file.read_bytes()
        assert b"Jembatan" not in content
        assert b"81200009001" not in content
    assert (path.stat().st_mode & 0o777) == 0o600


async def test_nothing_can_be_read_on_the_disk_and_nothing_stays(path: Path) -> None:
    pieces = await opened(path)
    rest = "Jembatan ambrol di Paron"
    await pieces.add(a_piece(1, rest, source_id="S-081200009001", item_id="I-081200009001"), NOW)
    await publish(pieces, await pieces.add(a_piece(2, rest), NOW))
    await pieces.add(a_piece(1, rest, key="+6281200009001 8"), NOW)
    nothing_shows(path)
    assert sql(path, "SELECT count(sealed), count(*) FROM piece") == (1, 3)
    await pieces.ripe(at(48 * 3600 + 1))
    assert sql(path, "SELECT count(*) FROM piece") == 1
    await pieces.close()


async def test_waiting_pieces_are_counted(pieces: Pieces) -> None:
    await pieces.add(a_piece(1), NOW)
    await pieces.ripe(NOW)
    assert PIECES_WAITING._value.get() == 1.0


async def test_a_locked_file_is_not_kept(pieces: Pieces, path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotKept):
        await pieces.add(a_piece(1), NOW)
    other.execute("ROLLBACK")
    other.close()
    await pieces.add(a_piece(1), NOW)
    assert await pieces.add(a_piece(2), NOW) is not None


async def test_a_file_that_was_moved_away_is_not_kept(pieces: Pieces, path: Path) -> None:
    replaced(path)
    with pytest.raises(NotKept):
        await pieces.add(a_piece(1), NOW)
    with pytest.raises(NotKept):
        await pieces.ripe(NOW)
    await pieces.published("1", NOW)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE theirs (a)", "another program"),
        ("PRAGMA application_id = 0x50414450; PRAGMA user_version = 99", "newer version"),
    ],
)
async def test_foreign_and_newer_files_are_refused(path: Path, statement: str, words: str) -> None:
    sql(path, statement)
    with pytest.raises(LogUnavailable, match=words):
        await opened(path)


async def test_many_at_once_in_one_process(pieces: Pieces) -> None:
    sent = [a_piece(n, key=f"k{k}", total=3) for k in range(20) for n in (2, 3, 1)]
    made = await asyncio.gather(*(pieces.add(one, NOW) for one in sent))
    assert texts([one for one in made if one]) == ["bagian 1|bagian 2|bagian 3"] * 20


async def test_the_door_publishes_once(bench: Bench, path: Path) -> None:
    pieces = await opened(path)
    clock = [NOW]
    intake = door(bench, pieces, clock)
    waiting = await intake.accept(a_piece(2))
    assert waiting.reference is None
    kept = await intake.accept(a_piece(1))
    assert kept.reference is not None
    await intake.accept(a_piece(1, key="lain"))
    clock[0] = at(600)
    assert await intake.publish_ripe() == 1
    assert await intake.publish_ripe() == 0
    assert [event.text for event in await bench.events()] == ["bagian 1|bagian 2", "bagian 1"]
    await pieces.close()


async def test_the_log_is_away(bench: Bench, path: Path) -> None:
    pieces = await opened(path)
    clock = [NOW]
    intake = door(bench, pieces, clock)
    await intake.accept(a_piece(1))
    bench.log.before = NotKept("away")
    with pytest.raises(NotKept):
        await intake.accept(a_piece(2))
    # The provider comes again, and is told the truth: it is durable here.
    assert (await intake.accept(a_piece(2))).reference is None
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += timedelta(seconds=31)
        if len(slept) == 3:
            bench.log.before = None
        if len(slept) == 5:
            raise asyncio.CancelledError

    clock[0] = at(31)
    with pytest.raises(asyncio.CancelledError):
        await tend(intake, sleep)
    assert slept == [2.0, 4.0, 8.0, 1.0, 1.0]
    assert [event.text for event in await bench.events()] == ["bagian 1|bagian 2"]
    await pieces.close()


def door(bench: Bench, pieces: Pieces, clock: list[datetime]) -> Intake:
    """The bench's door with a store of pieces and a clock."""
    plain = bench.intake
    return Intake(
        plain._log,
        plain._topics,
        plain._context,
        plain._sealer,
        lambda: clock[0],
        pieces=pieces,
    )


async def test_made_of_the_settings(tmp_path: Path) -> None:
    new_reporter_key(tmp_path / "keys" / "reporter.key")
    (tmp_path / "gateway.toml").touch()
    made = make_pieces(ConfigFile(tmp_path / "gateway.toml"), {Channel.SMS: join})
    await made.open()
    await made.add(a_piece(1), NOW)
    await made.close()
    assert (tmp_path / "data" / "pieces.db").is_file()
