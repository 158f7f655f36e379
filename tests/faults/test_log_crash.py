"""The embedded log under kill -9 and power loss: whatever was acknowledged is there."""

import asyncio
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gateway.log import Record, TopicSpec, sqlite_file, sqlite_writer
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.disk import Acknowledged, Disk, after_power_loss, watched_disk

ROOT = Path(__file__).parents[2]
TOPIC = "complaints.accepted.v1"
# A child imports the package and opens the log within a second; a busy machine needs more.
PATIENCE_SECONDS = 30.0

# Appends until it is killed or has written argv[4] records, and tells each acknowledgement.
WRITER = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from gateway.log import Record
    from gateway.log.sqlite import SqliteLog

    async def main():
        log = SqliteLog(Path(sys.argv[1]), [sys.argv[2]])
        await log.open()
        async def one(caller):
            for number in range(int(sys.argv[4])):
                value = f"{sys.argv[3]}-{caller}-{number}"
                position = await log.append(sys.argv[2], Record(b"k", value.encode()))
                print(position.offset, value, flush=True)
        await asyncio.gather(*(one(caller) for caller in range(8)))
        await log.close()

    asyncio.run(main())
    """
)

# Takes the group, says so, and waits to be killed.
READER = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from gateway.log.sqlite import SqliteLog

    async def main():
        log = SqliteLog(Path(sys.argv[1]), [sys.argv[2]])
        await log.open()
        subscription = await log.subscribe(sys.argv[2], "deliver")
        taken = await subscription.fetch(2, 20)
        await subscription.commit({0: taken[0].position.offset + 1})
        print("holding", flush=True)
        await asyncio.sleep(600)

    asyncio.run(main())
    """
)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A log with one topic."""
    found = tmp_path / "log.db"
    log = SqliteLog(found)
    await log.open()
    await log.create_topics([TopicSpec(TOPIC, 1, None)])
    await log.close()
    return found


def start(script: str, path: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), TOPIC, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


async def contents(path: Path) -> dict[int, str]:
    log = SqliteLog(path, [TOPIC])
    await log.open()
    found = {each.position.offset: each.record.value.decode() async for each in log.scan(TOPIC)}
    await log.close()
    return found


def acknowledged(output: str) -> dict[int, str]:
    """Only whole lines: the last one of a killed process may be cut."""
    lines = output[: output.rfind("\n") + 1].splitlines()
    return {int(offset): value for offset, value in (line.split(" ", 1) for line in lines)}


async def test_processes_append_side_by_side(path: Path) -> None:
    writers = [start(WRITER, path, f"w{i}", "50") for i in range(3)]
    outputs = [each.communicate(timeout=PATIENCE_SECONDS)[0] for each in writers]
    assert [each.returncode for each in writers] == [0, 0, 0]
    told: dict[int, str] = {}
    for output in outputs:
        mine = acknowledged(output)
        assert len(mine) == 400
        assert not told.keys() & mine.keys()
        told |= mine
    assert await contents(path) == told
    assert sorted(told) == list(range(1200))


async def test_a_killed_writer_loses_nothing_it_acknowledged(path: Path) -> None:
    for round_number in range(3):
        writer = start(WRITER, path, f"r{round_number}", "1000000")
        assert writer.stdout is not None
        first = [writer.stdout.readline() for _ in range(50 + 100 * round_number)]
        writer.send_signal(signal.SIGKILL)
        # Not communicate(): it reads past what readline() has buffered.
        rest = writer.stdout.read()
        writer.stdout.close()
        writer.wait(PATIENCE_SECONDS)
        told = acknowledged("".join(first) + rest)
        found = await contents(path)
        assert told.items() <= found.items()
        assert sorted(found) == list(range(len(found)))


async def test_a_killed_member_is_replaced_from_its_last_commit(path: Path) -> None:
    log = SqliteLog(path, [TOPIC])
    await log.open()
    for number in range(3):
        await log.append(TOPIC, Record(b"k", b"%d" % number))
    holder = start(READER, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    subscription = await log.subscribe(TOPIC, "deliver")
    assert await subscription.fetch(10, 0.3) == ()
    holder.send_signal(signal.SIGKILL)
    holder.communicate(timeout=PATIENCE_SECONDS)
    killed_at = time.monotonic()
    taken = await subscription.fetch(10, 10.0)
    # The kernel dropped the lock; only the standing-by member's own pause is left.
    assert time.monotonic() - killed_at < 2.0
    assert [each.record.value for each in taken] == [b"1", b"2"]
    await subscription.close()
    await log.close()


async def append_and_note(path: Path, disk: Disk) -> dict[str, bytes]:
    """240 appends by 8 callers with every acknowledgement noted between the disk's writes.

    Returns the files as they were, safely on the disk, before the first of them.
    """
    log = SqliteLog(path, [TOPIC])
    await log.open()
    before = {name: (path.parent / name).read_bytes() for name in (path.name, f"{path.name}-wal")}
    disk.events.clear()

    async def caller(first: int) -> None:
        for number in range(first, first + 30):
            await log.append(TOPIC, Record(b"k", b"%06d" % number + bytes(500)))
            disk.events.append(Acknowledged(number))

    await asyncio.gather(*(caller(100 * each) for each in range(8)))
    recorded = list(disk.events)
    await log.close()
    disk.events = recorded
    return before


def put_files(home: Path, files: dict[str, bytes]) -> None:
    home.mkdir()
    for name, content in files.items():
        (home / name).write_bytes(content)


async def lost_after(before: dict[str, bytes], disk: Disk, home: Path, at: int, seed: int) -> int:
    """How many acknowledged records are gone when the power goes after the ``at``-th event."""
    events = disk.events[:at]
    put_files(home, after_power_loss(before, events, random.Random(seed)))
    told = {event.number for event in events if isinstance(event, Acknowledged)}
    found = {int(value[:6]) for value in (await contents(home / "log.db")).values()}
    return len(told - found)


@pytest.mark.parametrize(
    ("synchronous", "loses"), [("FULL", False), ("NORMAL", True)], ids=["ours", "the-weaker-one"]
)
async def test_power_loss(
    path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str, loses: bool
) -> None:
    """At FULL no acknowledged record is ever lost. NORMAL loses some, so the test can fail."""
    monkeypatch.setattr(sqlite_file, "SYNCHRONOUS", synchronous)
    # Small, so that the power also goes in the middle of checkpoints and of a WAL begun anew.
    monkeypatch.setattr(sqlite_writer, "_CHECKPOINT_PAGES", 30)
    with watched_disk() as disk:
        before = await append_and_note(path, disk)
    assert sum(isinstance(event, Acknowledged) for event in disk.events) == 240
    rng = random.Random(1)
    points = sorted(rng.sample(range(len(disk.events)), 60))
    lost = [
        await lost_after(before, disk, path.parent / f"crash-{at}", at, seed)
        for seed, at in enumerate(points)
    ]
    assert any(lost) is loses, f"lost {sum(lost)} records in {sum(map(bool, lost))} of 60 crashes"
