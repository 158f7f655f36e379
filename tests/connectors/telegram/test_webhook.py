"""Telegram calls us: its server pushes over real HTTP until it is told that an update is kept."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from connectors.telegram.connector import SECRET_HEADER, build
from connectors.telegram.payload import ALLOWED_UPDATES
from connectors.telegram.sample import sample_calls
from gateway.contract import WebConnector
from gateway.errors import NotKept
from gateway.metrics import INTAKE_IGNORED
from gateway.settings import ConfigFile
from gateway.web import public_app
from tests.connectors.telegram.bots import GROUP, SECRET, TOKEN, USERNAME, Json, message
from tests.connectors.telegram.conftest import Telegram
from tests.intake_bench import Bench

ACCOUNT = {
    "name": "uji",
    "mode": "webhook",
    "bot_token": TOKEN,
    "username": USERNAME,
    "secret_token": SECRET,
}
LIMIT = 65_536


def config(public_base_url: str = "https://aduan.contoh.example") -> ConfigFile:
    tables = {"telegram": {"accounts": [ACCOUNT]}, "web": {"public_base_url": public_base_url}}
    return ConfigFile(Path("gateway.toml"), tables)


@pytest.fixture
async def address(telegram: Telegram, bench: Bench) -> AsyncIterator[str]:
    """Our public port, registered at Telegram's."""
    connectors = [one for one in build(config()) if isinstance(one, WebConnector)]
    app = public_app(bench.intake, connectors, max_body_bytes=LIMIT)
    async with TestServer(app) as server:
        url = str(server.make_url("/telegram/uji"))
        hook: Json = {"url": url, "secret_token": SECRET, "allowed_updates": ALLOWED_UPDATES}
        await telegram.api._setWebhook(hook)
        yield url


@pytest.mark.usefixtures("address")
async def test_each_update_is_kept_before_telegram_forgets_it(
    telegram: Telegram, bench: Bench
) -> None:
    for number, text in enumerate(("satu", "dua", "tiga"), start=1):
        telegram.api.happen(message=message(number, text=text))
    assert await telegram.api.push() == [200, 200, 200]
    assert [event.text for event in await bench.events()] == ["satu", "dua", "tiga"]


@pytest.mark.usefixtures("address")
async def test_while_the_log_is_away_telegram_keeps_it(telegram: Telegram, bench: Bench) -> None:
    bench.log.before = NotKept("away")
    telegram.api.happen(message=message(1, text="satu"))
    assert await telegram.api.push() == [503]
    assert len(telegram.api.updates) == 1
    bench.log.before = None
    assert await telegram.api.push() == [200]
    assert [event.text for event in await bench.events()] == ["satu"]


@pytest.mark.parametrize("given", [None, "", "rahasia", SECRET + "x", SECRET.upper(), "ü" * 9])
async def test_without_the_secret_nothing_is_read(
    address: str, bench: Bench, given: str | None
) -> None:
    headers = {} if given is None else {SECRET_HEADER: given}
    update = json.dumps({"update_id": 1, "message": message(1)})
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=update, headers=headers) as answer,
    ):
        assert answer.status == 403
        assert SECRET not in await answer.text()
    assert await bench.events() == []
    assert await bench.rejected() == []


@pytest.mark.usefixtures("address")
async def test_one_that_cannot_be_read_does_not_hold_up_the_others(
    telegram: Telegram, bench: Bench
) -> None:
    telegram.api.happen(message={"chat": 7, "photo": "?"})
    telegram.api.happen(message=message(1, text="satu"))
    assert await telegram.api.push() == [200, 200]
    assert [event.text for event in await bench.events()] == ["satu"]
    assert [item.reason for item in await bench.rejected()] == ["unreadable"]


async def test_the_longest_message_that_telegram_takes(
    telegram: Telegram, bench: Bench, address: str
) -> None:
    longest = message(2, text="😡" * 4096, reply_to_message=message(1, text="😡" * 4096))
    update = json.dumps({"update_id": 1, "message": longest})
    assert len(update) > LIMIT
    async with (
        aiohttp.ClientSession(headers={SECRET_HEADER: SECRET}) as session,
        session.post(address, data=update) as answer,
    ):
        assert answer.status == 200
    (event,) = await bench.events()
    assert event.text == "😡" * 4096


@pytest.mark.usefixtures("address")
async def test_what_is_not_for_us_is_counted(telegram: Telegram, bench: Bench) -> None:
    counter = INTAKE_IGNORED.labels("telegram", "uji", "not_addressed")
    before = counter._value.get()
    group = {"id": GROUP, "type": "supergroup", "title": "Warga"}
    telegram.api.happen(message=message(1, chat=group, text="Sudah makan?"))
    assert await telegram.api.push() == [200]
    assert counter._value.get() == before + 1
    assert await bench.events() == []
    assert await bench.rejected() == []


async def test_the_sample_is_taken(address: str, bench: Bench) -> None:
    base_url = address.removesuffix("/telegram/uji")
    ((path, call),) = sample_calls(config(base_url), "081200009001", "Jalan rusak").items()
    assert call.url == base_url + path == address
    async with (
        aiohttp.ClientSession() as session,
        session.request(call.method, call.url, data=call.body, headers=call.headers) as answer,
    ):
        assert answer.status == 200
    (event,) = await bench.events()
    assert bench.opener.open(event.sealed or "").handle == "81200009001"


async def test_nobody_is_shown_by_the_events_clear_part(
    telegram: Telegram, address: str, bench: Bench
) -> None:
    telegram.api.happen(message=message(1, text="Saya Sri Contoh, jalan rusak"))
    assert await telegram.api.push() == [200]
    ((stored, event),) = zip(await bench.stored(), await bench.events(), strict=True)
    clear = event.model_copy(update={"sealed": None, "reply_to": None}).to_bytes()
    for hidden in (b"5000000001", b"Sri"):
        assert hidden not in clear
        assert hidden not in (stored.record.key or b"")
