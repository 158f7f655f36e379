"""A running sandbox, and a client that has its credentials."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox.app import build_app
from tests.compose.sandbox import CREDENTIALS, Client, settings_for


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    server = TestServer(build_app(settings_for(tmp_path / "sandbox.sqlite3")))
    async with TestClient(server, headers=CREDENTIALS) as client:
        yield client
