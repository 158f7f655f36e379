"""The waiting pieces under kill -9, and with several processes: one complaint, nothing lost."""

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from gateway.intake import Intake
from gateway.log.sqlite import SqliteLog
from gateway.sealing import load_sealer
from normalizer.event import ComplaintEvent
from normalizer.normalize import Context
from tests.intake_bench import TOPICS, Keys
from tests.pieces_bench import SECRET, at, opened

ROOT = Path(__file__).parents[2]
#: A child imports the package within seconds; a busy machine needs more.
PATIENCE_SECONDS = 60.0

# argv: directory, public key, where to stop. Says so there and waits to be killed.
DOOR = textwrap.dedent(
    """
    import asyncio, sys, time
    from pathlib import Path
    from tests.faults.test_pieces_crash import door
    from tests.pieces_bench import NOW, a_piece

    def stop():
        print("here", flush=True)
        time.sleep(600)

    async def main():
        async with door(Path(sys.argv[1]), Path(sys.argv[2]), lambda: NOW) as intake:
            await intake.accept(a_piece(2))
            pieces = intake._pieces
            if sys.argv[3] == "joining":
                pieces._made = lambda taken, now_ms: stop()
            if sys.argv[3] == "appending":
                intake._log.append = lambda *_: stop()
            if sys.argv[3] == "published":
                pieces._published = lambda group, now_ms: stop()
            await intake.accept(a_piece(1))

    asyncio.run(main())
    """
)

# argv: directory, public key, seed. All parts of 40 messages, in an order of its own.
SENDER = textwrap.dedent(
    """
    import asyncio, random, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from tests.faults.test_pieces_crash import door
    from tests.pieces_bench import a_piece

    async def main():
        parts = [(k, n) for k in range(40) for n in (1, 2, 3)]
        random.Random(sys.argv[3]).shuffle(parts)
        utc_now = lambda: datetime.now(UTC)
        async with door(Path(sys.argv[1]), Path(sys.argv[2]), utc_now) as intake:
            print("ready", flush=True)
            sys.stdin.readline()
            await asyncio.gather(
                *(intake.accept(a_piece(n, f"{k} {n}", key=str(k), total=3)) for k, n in parts)
            )

    asyncio.run(main())
    """
)

# argv: file. Keeps pieces until it is killed, and tells each that is kept.
KEEPER = textwrap.dedent(
    """
    import asyncio, sys
    from itertools import count
    from pathlib import Path
    from tests.pieces_bench import NOW, a_piece, opened

    async def main():
        pieces = await opened(Path(sys.argv[1]))
        for number in count(1):
            await pieces.add(a_piece(1, f"aduan {number}", key=str(number)), NOW)
            print(number, flush=True)

    asyncio.run(main())
    """
)


@asynccontextmanager
async def door(
    directory: Path, public_key: Path, clock: Callable[[], datetime]
) -> AsyncIterator[Intake]:
    """A door on the log and the pieces of a directory."""
    log = SqliteLog(directory / "log.db")
    await log.open()
    await log.create_topics(TOPICS.specs())
    pieces = await opened(directory / "pieces.db")
    context = Context(reporter_key_secret=SECRET)
    yield Intake(log, TOPICS, context, load_sealer(public_key), clock, pieces=pieces)
    await pieces.close()
    await log.close()


def start(script: str, *arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill(child: "subprocess.Popen[str]") -> str:
    os.kill(child.pid, signal.SIGKILL)
    # Not communicate() alone: it reads past what readline() has buffered.
    rest = child.stdout.read() if child.stdout else ""
    child.communicate(timeout=PATIENCE_SECONDS)
    return rest


async def events(directory: Path) -> list[ComplaintEvent]:
    log = SqliteLog(directory / "log.db")
    await log.open()
    found = [
        ComplaintEvent.from_bytes(each.record.value) async for each in log.scan(TOPICS.accepted)
    ]
    await log.close()
    return found


async def publish_ripe(directory: Path, public_key: Path, now: datetime) -> int:
    async with door(directory, public_key, lambda: now) as intake:
        return await intake.publish_ripe()


@pytest.mark.parametrize("stage", ["joining", "appending", "published"])
async def test_killed_on_the_way_to_the_log(tmp_path: Path, keys: Keys, stage: str) -> None:
    child = start(DOOR, tmp_path, keys.public, stage)
    assert child.stdout is not None
    assert child.stdout.readline() == "here\n"
    kill(child)
    before = await events(tmp_path)
    assert len(before) == (1 if stage == "published" else 0)
    # Nobody takes over while the one who fell could still be at it.
    assert await publish_ripe(tmp_path, keys.public, at(29)) == 0
    assert await publish_ripe(tmp_path, keys.public, at(31)) == 1
    assert await publish_ripe(tmp_path, keys.public, at(10_000)) == 0
    after = await events(tmp_path)
    assert len({event.complaint_id for event in after}) == 1
    assert {event.text for event in after} == {"bagian 1|bagian 2"}


async def test_two_processes_at_once(tmp_path: Path, keys: Keys) -> None:
    """Each has all the parts, as when a provider repeats everything at another process."""
    await publish_ripe(tmp_path, keys.public, at(0))
    children = [start(SENDER, tmp_path, keys.public, seed) for seed in ("a", "b")]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.communicate("go\n", timeout=PATIENCE_SECONDS)
    assert [child.returncode for child in children] == [0, 0]
    texts = Counter(event.text for event in await events(tmp_path))
    assert texts == Counter(f"{k} 1|{k} 2|{k} 3" for k in range(40))
    assert await publish_ripe(tmp_path, keys.public, datetime.max.replace(tzinfo=at(0).tzinfo)) == 0


async def test_what_was_kept_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "pieces.db"
    child = start(KEEPER, path)
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(100)]
    told += kill(child).splitlines(keepends=True)
    kept = {f"aduan {line.strip()}" for line in told if line.endswith("\n")}
    pieces = await opened(path)
    found: set[str | None] = set()
    while ripe := await pieces.ripe(at(600)):
        found |= {one.draft.text_raw for one in ripe}
    await pieces.close()
    assert len(kept) >= 100
    assert kept <= found
