"""The sandbox as it is really run: a process with options, an environment and exit codes."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from compose.lapor_sandbox import BANNER
from tests.compose.sandbox import BEARER, CREDENTIALS, TOKEN, complaint

Start = Callable[..., Awaitable[Process]]

#: Python and its libraries start within a second; a busy machine gets twenty.
PATIENCE_SECONDS = 20


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start_one(*options: str, **environment: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "compose.lapor_sandbox",
            *options,
            env=os.environ | environment,
            cwd=tmp_path,
            stdout=PIPE,
            stderr=PIPE,
        )
        started.append(process)
        return process

    yield start_one
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address_of(process: Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode().strip()
    assert line.startswith(f"{BANNER}: http://")
    return line.removeprefix(f"{BANNER}: ")


async def ended(process: Process) -> tuple[int | None, str]:
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return process.returncode, errors.decode()


async def test_what_it_acknowledged_survives_a_kill(start: Start, tmp_path: Path) -> None:
    options = ("--host", "127.0.0.1", "--port", "0", "--db", str(tmp_path / "sandbox.sqlite3"))
    credentials = {"LAPOR_SANDBOX_BEARER": BEARER, "LAPOR_SANDBOX_TOKEN": TOKEN}
    first = await start(*options, **credentials)
    url = await address_of(first)
    async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
        async with session.post(f"{url}complaints/complaint", json=complaint()) as response:
            tracking_id = (await response.json())["complaint_id"]
        first.kill()
        await first.wait()
        url = await address_of(await start(*options, **credentials))
        async with session.get(f"{url}complaints/{tracking_id}/complaint") as response:
            assert response.status == 200


async def test_the_environment_is_enough_and_a_stop_is_clean(start: Start, tmp_path: Path) -> None:
    process = await start(
        LAPOR_SANDBOX_HOST="127.0.0.1",
        LAPOR_SANDBOX_PORT="0",
        LAPOR_SANDBOX_DB=str(tmp_path / "elsewhere.sqlite3"),
    )
    await address_of(process)
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0
    assert (tmp_path / "elsewhere.sqlite3").is_file()


async def test_a_taken_port_ends_it_with_one_clear_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, errors = await ended(await start("--port", port))
    assert code == 71
    assert errors == (
        f"lapor-sandbox: cannot listen on 127.0.0.1:{port}: another program has the port; "
        "choose with --port\n"
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--port", "0", "--db", "/nowhere/at/all.sqlite3"), 73), (("--port", "seventy"), 78)],
)
async def test_what_cannot_work_ends_it_with_one_line(
    start: Start, options: tuple[str, ...], code: int
) -> None:
    returned, errors = await ended(await start(*options))
    assert returned == code
    assert errors.startswith("lapor-sandbox: ")
    assert errors.count("\n") == 1


async def test_it_writes_nothing_of_a_complaint_into_its_log(start: Start, tmp_path: Path) -> None:
    process = await start("--port", "0", LAPOR_SANDBOX_BEARER=BEARER, LAPOR_SANDBOX_TOKEN=TOKEN)
    url = await address_of(process)
    async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
        for body in (complaint(), complaint(title="", tags_raw="lampu")):
            async with session.post(f"{url}complaints/complaint", json=body) as response:
                await response.read()
        async with session.get(f"{url}sandbox/complaints?content_contains=Lampu") as response:
            assert len((await response.json())["complaints"]) == 1
    process.send_signal(signal.SIGTERM)
    _, errors = await ended(process)
    assert "complaint.entered" in errors
    assert "ampu" not in errors
    assert BEARER not in errors
