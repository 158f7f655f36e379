"""``gateway check``: what is in order, and what to do about what is not."""

import time
from pathlib import Path

import pytest

from connectors.telegram.check import check
from connectors.telegram.payload import ALLOWED_UPDATES
from gateway.errors import GatewayFault
from gateway.settings import ConfigFile
from tests.connectors.telegram.bots import SECRET, TOKEN, USERNAME, message
from tests.connectors.telegram.conftest import Telegram
from tests.servers import free_ports

BASE = "https://aduan.contoh.example"
URL = f"{BASE}/telegram/uji"


def config(telegram: Telegram, mode: str, **changed: str) -> ConfigFile:
    bot = {"name": "uji", "mode": mode, "bot_token": TOKEN, "username": USERNAME}
    bot["base_url"] = telegram.url
    if mode == "webhook":
        bot["secret_token"] = SECRET
    tables = {"telegram": {"accounts": [{**bot, **changed}]}, "web": {"public_base_url": BASE}}
    return ConfigFile(Path("gateway.toml"), tables)


async def fault(config: ConfigFile) -> str:
    with pytest.raises(GatewayFault) as failed:
        await check(config)
    said = str(failed.value)
    assert TOKEN not in said
    assert SECRET not in said
    return said


async def test_polling_in_order(telegram: Telegram) -> None:
    telegram.api.happen(message=message(1))
    lines = await check(config(telegram, "polling"))
    assert "@ngawi_uji_bot" in lines[0]
    assert "/setprivacy" in lines[0]
    assert lines[1] == "uji: polling, 1 waiting"
    assert telegram.api.updates


async def test_a_bot_that_reads_its_groups(telegram: Telegram) -> None:
    telegram.api.reads_groups = True
    lines = await check(config(telegram, "polling"))
    assert "every message" in lines[0]


async def test_webhook_in_order(telegram: Telegram) -> None:
    await telegram.api._setWebhook({"url": URL, "allowed_updates": list(ALLOWED_UPDATES)})
    lines = await check(config(telegram, "webhook"))
    assert URL in lines[1]
    assert "0 waiting, at most 40 calls at a time, address 127.0.0.1" in lines[1]


@pytest.mark.parametrize("upper", [False, True])
async def test_the_name_is_the_bots(telegram: Telegram, upper: bool) -> None:
    name = USERNAME.upper() if upper else "ngawi_lain_bot"
    wanted = config(telegram, "polling", username=name)
    if upper:
        assert await check(wanted)
    else:
        assert "@ngawi_uji_bot" in await fault(wanted)


async def test_polling_with_a_webhook(telegram: Telegram) -> None:
    await telegram.api._setWebhook({"url": URL})
    said = await fault(config(telegram, "polling"))
    assert f"curl {telegram.url}/bot$BOT_TOKEN/deleteWebhook" in said
    assert "drop_pending_updates" not in said


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ({}, "no webhook is set"),
        ({"url": "https://lain.contoh.example/"}, "another address"),
        ({"url": URL, "allowed_updates": ["message"]}, "other kinds"),
        ({"url": URL}, "other kinds"),
    ],
)
async def test_a_webhook_that_is_not_ours(
    telegram: Telegram, hook: dict[str, object], says: str
) -> None:
    await telegram.api._setWebhook(hook)
    said = await fault(config(telegram, "webhook"))
    assert says in said
    assert (
        f"curl {telegram.url}/bot$BOT_TOKEN/setWebhook -d url={URL} "
        "-d secret_token=$SECRET_TOKEN "
        """-d 'allowed_updates=["message","edited_message","message_reaction"]'"""
    ) in said


async def test_a_webhook_that_telegram_cannot_reach(telegram: Telegram) -> None:
    await telegram.api._setWebhook({"url": URL, "allowed_updates": list(ALLOWED_UPDATES)})
    assert telegram.api.webhook is not None
    telegram.api.webhook.last_error_date = int(time.time())
    telegram.api.webhook.last_error_message = "Connection timed out"
    assert await check(config(telegram, "webhook"))
    telegram.api.happen(message=message(1))
    said = await fault(config(telegram, "webhook"))
    assert "1 updates wait" in said
    assert "Connection timed out" in said


async def test_a_wrong_token(telegram: Telegram) -> None:
    wrong = config(telegram, "polling", bot_token=TOKEN + "x")
    assert "@BotFather" in await fault(wrong)


async def test_nobody_there(telegram: Telegram) -> None:
    (port,) = free_ports(1)
    away = config(telegram, "polling", base_url=f"http://127.0.0.1:{port}")
    assert "reachable" in await fault(away)


async def test_every_bot_is_looked_at(telegram: Telegram) -> None:
    accounts = [
        {"name": name, "mode": "polling", "bot_token": token, "username": USERNAME}
        | {"base_url": telegram.url}
        for name, token in (("satu", TOKEN.replace("1:", "2:")), ("dua", TOKEN + "x"))
    ]
    said = await fault(ConfigFile(Path("x"), {"telegram": {"accounts": accounts}}))
    assert said.startswith("satu: ")
    assert "\ndua: " in said
