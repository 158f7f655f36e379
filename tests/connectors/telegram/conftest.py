"""A Bot API server for every test that wants one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.connectors.telegram.bots import TOKEN, USERNAME
from tests.servers.bot_api import BotApi, serving


@dataclass(frozen=True)
class Telegram:
    """Telegram's side, and where it answers."""

    api: BotApi
    url: str


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    api = BotApi(TOKEN, USERNAME)
    async with serving(api) as url:
        yield Telegram(api, url)
