"""The check that the containers run on themselves."""

import asyncio
import socket

import pytest

from compose.healthcheck import is_healthy, main
from tests.compose.sandbox import Client


async def test_all_must_answer_200(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    healthy, missing = (str(client.make_url(path)) for path in ("/healthz", "/nowhere"))
    assert await asyncio.to_thread(main, [healthy]) == 0
    assert await asyncio.to_thread(main, [healthy, missing]) == 1
    assert capsys.readouterr().err == f"{missing} does not answer 200\n"


def test_nothing_to_ask_is_not_healthy() -> None:
    assert main([]) == 1


def test_nobody_there_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert not is_healthy(f"http://127.0.0.1:{port}/healthz")
