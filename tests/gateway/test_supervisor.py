"""Real child processes: restarted when they fall, stopped in reverse, never orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import AlreadyRunning, Misconfigured
from gateway.supervisor import Child, ChildFailed, Supervisor, only_one

#: Appends a line at start and at SIGTERM; ends with the code in FALL, if any, in its first lives.
CHILD = """
import os, signal, sys, time
name, journal = sys.argv[1], sys.argv[2]
def note(word):
    with open(journal, "a") as file:
        file.write(f"{word} {name} {os.getpid()}\\n")
def stop(*_):
    note("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("start")
lives = sum(1 for line in open(journal) if line.startswith(f"start {name} "))
codes = [int(code) for code in os.environ.get("FALL", "").split()]
if lives <= len(codes):
    sys.exit(codes[lives - 1])
time.sleep(60)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Child]:
    (tmp_path / "supervised_child.py").write_text(textwrap.dedent(CHILD), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(name: str, fall: str = "") -> Child:
        journal = str(tmp_path / "journal")
        return Child(name, "supervised_child", (name, journal), {"FALL": fall})

    return make


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def journal(tmp_path: Path) -> list[list[str]]:
    path = tmp_path / "journal"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def starts(tmp_path: Path, name: str) -> int:
    return sum(line[:2] == ["start", name] for line in journal(tmp_path))


async def test_starts_in_order_stops_in_reverse(
    tmp_path: Path, child: Callable[..., Child]
) -> None:
    stop = asyncio.Event()
    run = asyncio.create_task(Supervisor([child("a"), child("b"), child("c")]).run(stop))
    await until(lambda: len(journal(tmp_path)) == 3)
    stop.set()
    await run
    assert [line[1] for line in journal(tmp_path) if line[0] == "stop"] == ["c", "b", "a"]


async def test_a_killed_child_comes_back(tmp_path: Path, child: Callable[..., Child]) -> None:
    stop = asyncio.Event()
    run = asyncio.create_task(Supervisor([child("a")]).run(stop))
    await until(lambda: starts(tmp_path, "a") == 1)
    os.kill(int(journal(tmp_path)[0][2]), signal.SIGKILL)
    await until(lambda: starts(tmp_path, "a") == 2)
    stop.set()
    await run


async def test_hopeless_at_the_first_start_ends_everything(
    tmp_path: Path, child: Callable[..., Child]
) -> None:
    supervisor = Supervisor([child("well"), child("wrong", fall="78")])
    with pytest.raises(ChildFailed) as caught:
        await asyncio.wait_for(supervisor.run(asyncio.Event()), 30)
    assert caught.value.exit_code == 78
    assert ["stop", "well"] in [line[:2] for line in journal(tmp_path)]


async def test_hopeless_later_is_tried_again(tmp_path: Path, child: Callable[..., Child]) -> None:
    stop = asyncio.Event()
    run = asyncio.create_task(Supervisor([child("a", fall="1 71")]).run(stop))
    await until(lambda: starts(tmp_path, "a") == 3)
    stop.set()
    await run


async def test_refused_credentials_wait_for_a_person(
    tmp_path: Path, child: Callable[..., Child]
) -> None:
    stop = asyncio.Event()
    run = asyncio.create_task(Supervisor([child("deliver", fall="77"), child("b", "1")]).run(stop))
    await until(lambda: starts(tmp_path, "b") == 2)
    assert starts(tmp_path, "deliver") == 1
    assert not run.done()
    stop.set()
    await run


def test_children_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """The pipe on their standard input closes with it; see also tests/e2e/test_demo.py."""
    probe = tmp_path / "orphan.py"
    probe.write_text(
        "import asyncio, os, sys\n"
        "from gateway.lifecycle import run_process\n"
        "async def main(config, stop):\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "    await stop.wait()\n"
        f"    open({str(tmp_path / 'stopped')!r}, 'w').write('in order')\n"
        "    return 0\n"
        "sys.exit(run_process('orphan', main))\n"
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import asyncio\n"
            "from gateway.supervisor import Child, Supervisor\n"
            "asyncio.run(Supervisor([Child('x', 'orphan')]).run(asyncio.Event()))\n",
        ],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(tmp_path / "pid")
        parent.kill()
        _wait_for(tmp_path / "stopped")
    finally:
        parent.kill()
        parent.wait()
    assert (tmp_path / "stopped").read_text() == "in order"


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.02)


def test_only_one_per_directory(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(AlreadyRunning, match="another gateway runs in"),
        only_one(tmp_path),
    ):
        pass
    with only_one(tmp_path):
        pass


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="make it writable"), only_one(tmp_path / "file" / "d"):
        pass
