"""The script beside a telephone system, run against the real public port."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from connectors.call_center.connector import CallCenterConnector
from gateway.contract import Item, Kept
from gateway.errors import NotKept
from gateway.intake import Intake
from gateway.pieces import Pieces
from gateway.sealing import load_sealer
from gateway.web import public_app
from normalizer.event import Awaits, Channel, ComplaintEvent, Exclusion
from normalizer.normalize import Context
from tests.connectors.call_center.accounts import BASE, generic
from tests.connectors.call_center.test_cases import read_case
from tests.intake_bench import TOPICS, Bench, Keys

DOCS = Path(__file__).parents[3] / "docs" / "examples"
SCRIPT = DOCS / "call-event"
PAYLOADS = Path(__file__).parents[2] / "payloads" / "call_center"

Run = Callable[..., Awaitable[int]]


class House:
    """The public port with two telephone systems on it; it can be told to be away."""

    def __init__(self, bench: Bench, keys: Keys, pieces: Pieces) -> None:
        self.bench = bench
        self.away = False
        self._ahead = timedelta()
        self._intake = Intake(
            bench.log,  # type: ignore[arg-type]  # it hands everything but append through
            TOPICS,
            Context(reporter_key_secret=b"s" * 32),
            load_sealer(keys.public),
            lambda: datetime.now(UTC) + self._ahead,
            pieces=pieces,
        )

    async def accept(self, item: Item, traceparent: str | None = None) -> Kept:
        if self.away:
            raise NotKept("away")
        return await self._intake.accept(item, traceparent)

    async def events(self) -> Sequence[ComplaintEvent]:
        """A day later, when no call is open any more."""
        self._ahead = timedelta(days=1)
        await self._intake.publish_ripe()
        return await self.bench.events()


@pytest.fixture
async def house(bench: Bench, keys: Keys, tmp_path: Path) -> AsyncIterator[tuple[House, str]]:
    freeswitch, _, _ = read_case(PAYLOADS / "freeswitch-cdr.json")
    one = CallCenterConnector((generic(name="pbx"), freeswitch), BASE)
    pieces = Pieces(tmp_path / "pieces.db", b"s" * 32, {Channel.CALL_CENTER: one.join})
    await pieces.open()
    made = House(bench, keys, pieces)
    app = public_app(made, [one], max_body_bytes=65_536)  # type: ignore[arg-type]  # it can be away
    async with TestServer(app) as server:
        yield made, str(server.make_url("")).rstrip("/")
    await pieces.close()


@pytest.fixture
def run(house: tuple[House, str], tmp_path: Path) -> Run:
    _, base = house
    (tmp_path / "secret").write_text("rahasia-pbx\n", encoding="utf-8")

    async def start(*arguments: str, account: str = "pbx", **changed: str) -> int:
        environment = {
            "PATH": os.environ["PATH"],
            "CALL_EVENT_CONF": "/nonexistent",
            "SPOOL": str(tmp_path / "spool"),
            "URL": f"{base}/call/{account}",
            "SECRET_FILE": str(tmp_path / "secret"),
            **changed,
        }
        process = await asyncio.create_subprocess_exec(
            "sh", str(SCRIPT), *arguments, env=environment
        )
        return await process.wait()

    return start


def waiting(directory: Path) -> list[str]:
    return sorted(one.name for one in (directory / "spool").glob("*.json"))


async def test_a_call_from_beginning_to_end(
    house: tuple[House, str], run: Run, tmp_path: Path
) -> None:
    for told, seconds in (("started", ""), ("answered", ""), ("ended", "200")):
        assert await run("17.4", told, "081200009001", seconds) == 0
    assert waiting(tmp_path) == []
    (event,) = await house[0].events()
    assert event.exclusion is Exclusion.CALL_RECORD
    assert event.text == "Panggilan dijawab 3 mnt 20 dtk"
    assert event.submitted_at is not None


async def test_what_could_not_be_posted_is_posted_later(
    house: tuple[House, str], run: Run, tmp_path: Path
) -> None:
    house[0].away = True
    assert await run("17.4", "started", "081200009001") == 75
    assert await run("17.4", "missed", "081200009001") == 75
    assert len(waiting(tmp_path)) == 2
    house[0].away = False
    assert await run() == 0
    assert waiting(tmp_path) == []
    (event,) = await house[0].events()
    assert event.awaits is Awaits.CALL_BACK


@pytest.mark.parametrize(
    "changed", [{"URL": "http://127.0.0.1:1/"}, {"SECRET_FILE": "/etc/hostname"}]
)
async def test_nothing_is_thrown_away_for_our_own_fault(
    run: Run, tmp_path: Path, changed: dict[str, str]
) -> None:
    assert await run("17.4", "missed", "081200009001", **changed) == 75
    assert len(waiting(tmp_path)) == 1


async def test_what_is_never_taken_stands_in_nobodys_way(
    house: tuple[House, str], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "huge.json").write_text("[" + "0," * 300_000 + "0]\n", encoding="utf-8")
    assert await run("--file", str(tmp_path / "huge.json")) == 0
    assert await run("17.4", "missed", "081200009001") == 0
    assert waiting(tmp_path) == []
    assert len(list((tmp_path / "spool" / "refused").iterdir())) == 1
    assert len(await house[0].events()) == 1


async def test_a_caller_id_is_no_command_and_no_json(
    house: tuple[House, str], run: Run, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    evil = f'0812","event":"ended`touch {mark}`$(touch {mark});\n'
    assert await run("17.4", "missed", evil) == 0
    assert not mark.exists()
    (event,) = await house[0].events()
    assert event.awaits is Awaits.CALL_BACK


async def test_the_files_of_freeswitch(house: tuple[House, str], run: Run, tmp_path: Path) -> None:
    _, events, _ = read_case(PAYLOADS / "freeswitch-cdr.json")
    whole, half = tmp_path / "a.cdr.json", tmp_path / "b.cdr.json"
    whole.write_text(json.dumps(events[0]) + "\n", encoding="utf-8")
    half.write_text('{"variables": {', encoding="utf-8")
    assert await run("--file", str(whole), str(half), str(tmp_path / "none"), account="uji") == 0
    assert (whole.exists(), half.exists()) == (False, True)
    (event,) = await house[0].events()
    assert event.text == "Panggilan dijawab 3 mnt 20 dtk"


async def test_two_at_once_post_each_event_once(
    house: tuple[House, str], run: Run, tmp_path: Path
) -> None:
    house[0].away = True
    for number in range(6):
        await run(f"17.{number}", "missed", "081200009001")
    house[0].away = False
    assert await asyncio.gather(*(run() for _ in range(3))) == [0, 0, 0]
    await run()
    assert waiting(tmp_path) == []
    assert len(await house[0].events()) == 6


def test_the_examples_name_the_script_as_it_is() -> None:
    asterisk = (DOCS / "asterisk-aduan.conf").read_text(encoding="utf-8")
    told = [line for line in asterisk.splitlines() if "call-event ${" in line]
    assert {line.split("linkedid)} ")[1].split()[0] for line in told} == {
        "started",
        "answered",
        "missed",
        "ended",
        "voicemail",
    }
    # What a caller chooses reaches a command only through FILTER.
    assert asterisk.count("CALLERID(num)") == 2
    assert "${FILTER(0-9A-Za-z+,${CALLERID(num)})}" in asterisk
