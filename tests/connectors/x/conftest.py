"""A running look-alike of X's API, and settings that point to it."""

from collections.abc import AsyncIterator, Callable

import pytest

from gateway.settings import ConfigFile
from tests.connectors.x.accounts import ACCOUNT, KEYS
from tests.connectors.x.server import XServer

Configure = Callable[..., ConfigFile]


@pytest.fixture
async def x_server() -> AsyncIterator[XServer]:
    told = XServer()
    server = await told.start()
    yield told
    await server.close()


@pytest.fixture
def configure(x_server: XServer) -> Configure:
    """``[x]`` with one account that has keys, changed as a test wants it."""

    def make(**changed: object) -> ConfigFile:
        table = {
            "accounts": [{**ACCOUNT, "keys": KEYS, **changed}],
            "api_base_url": x_server.base_url,
            "private_media_url": x_server.base_url,
        }
        web = {"public_base_url": "https://aduan.example.go.id"}
        return ConfigFile(None, {"x": table, "web": web})

    return make
