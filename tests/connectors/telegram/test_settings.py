"""``[telegram]``: what is taken, and what is refused before anything starts."""

from pathlib import Path

import pytest

from connectors.telegram.connector import TelegramWebhooks, build
from connectors.telegram.polling import TelegramPolling
from connectors.telegram.webhook_watch import WebhookWatch
from gateway.contract import Joins, PollingConnector, WebConnector
from gateway.errors import Misconfigured
from gateway.settings import ConfigFile
from normalizer.event import Channel
from tests.connectors.telegram.bots import SECRET, TOKEN, USERNAME

POLLED = {"name": "satu", "mode": "polling", "bot_token": TOKEN, "username": USERNAME}
CALLED = {
    "name": "dua",
    "mode": "webhook",
    "bot_token": TOKEN.replace("4000000001", "4000000002"),
    "username": "ngawi_lain_bot",
    "secret_token": SECRET,
}


def config(*accounts: dict[str, str]) -> ConfigFile:
    return ConfigFile(Path("gateway.toml"), {"telegram": {"accounts": list(accounts)}})


def test_each_mode_has_its_connector() -> None:
    webhooks, watch, polling = build(config(POLLED, CALLED))
    assert isinstance(webhooks, TelegramWebhooks)
    assert isinstance(webhooks, WebConnector)
    assert isinstance(watch, WebhookWatch)
    assert isinstance(watch, PollingConnector)
    assert isinstance(polling, TelegramPolling)
    assert isinstance(polling, PollingConnector)
    for connector in (webhooks, polling):
        assert isinstance(connector, Joins)
        assert connector.joined_channels == (Channel.TELEGRAM,)
    assert [route.path for route in webhooks.routes()] == ["/telegram/dua"]


def test_off_without_an_account() -> None:
    assert build(ConfigFile(None)) == []


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        ([{**POLLED, "bot_token": "tanpa-titik-dua"}], "@BotFather"),
        ([{**POLLED, "bot_token": ""}], "@BotFather"),
        ([{**POLLED, "username": "@" + USERNAME}], "username"),
        ([{**POLLED, "base_url": "ftp://api.telegram.org"}], "base_url"),
        ([{**POLLED, "base_url": "https://api.telegram.org/"}], "base_url"),
        ([{**POLLED, "secret_token": SECRET}], "secret_token"),
        ([{k: v for k, v in CALLED.items() if k != "secret_token"}], "secret_token is missing"),
        ([{**CALLED, "secret_token": ""}], "8 to 256"),
        ([{**CALLED, "secret_token": "pendek"}], "8 to 256"),
        ([{**CALLED, "secret_token": "dengan spasi di dalam"}], "8 to 256"),
        ([{**CALLED, "mode": "push"}], "mode"),
        ([POLLED, {**CALLED, "name": "satu"}], "two accounts are called satu"),
        ([POLLED, {**CALLED, "bot_token": TOKEN}], "the same bot"),
    ],
)
def test_what_cannot_work_is_refused_without_showing_a_secret(
    accounts: list[dict[str, str]], says: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        build(config(*accounts))
    assert says in str(refused.value)
    for secret in (TOKEN.partition(":")[2], SECRET, "dengan spasi", "pendek"):
        assert secret not in str(refused.value)
