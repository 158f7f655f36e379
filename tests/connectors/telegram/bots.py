"""Bots, people and messages for the tests; all of them are invented."""

from typing import Any

from connectors.telegram.payload import Reader
from connectors.telegram.settings import (
    Account,
    PollingAccount,
    TelegramSettings,
    WebhookAccount,
)

TOKEN = "4000000001:AAuji-token-yang-rahasia-sekali_123"
SECRET = "rahasia-webhook-telegram"
USERNAME = "ngawi_uji_bot"
BOT_ID = 4000000001
SRI = 5000000001
GROUP = -1005000000009

Json = dict[str, Any]


def account(mode: str = "polling", **changed: object) -> Account:
    """One bot's settings, changed as a test wants them."""
    values = {"name": "uji", "mode": mode, "bot_token": TOKEN, "username": USERNAME}
    if mode == "webhook":
        values["secret_token"] = SECRET
    settings = TelegramSettings.model_validate({"accounts": [{**values, **changed}]})
    return settings.accounts[0]


def polled(base_url: str) -> PollingAccount:
    """A bot that asks the server at this address."""
    made = account("polling", base_url=base_url)
    assert isinstance(made, PollingAccount)
    return made


def called(base_url: str) -> WebhookAccount:
    """A bot that the server at this address calls."""
    made = account("webhook", base_url=base_url)
    assert isinstance(made, WebhookAccount)
    return made


def reader(bot: Account | None = None) -> Reader:
    """What reads the updates of a bot."""
    return Reader(bot or account(), "NGW")


def user(identity: int = SRI, **changed: object) -> Json:
    """A ``User``."""
    return {"id": identity, "is_bot": False, "first_name": "Sri", "last_name": "Contoh", **changed}


def message(message_id: int = 12, **changed: object) -> Json:
    """A ``Message`` of Sri's to the bot; ``text`` unless something else is given."""
    chat = {"id": SRI, "type": "private", "first_name": "Sri", "last_name": "Contoh"}
    told = {"message_id": message_id, "date": 1772414130, "chat": chat, "from": user(), **changed}
    return told if changed.keys() - {"chat", "from", "date"} else {**told, "text": "Jalan rusak"}


def photo(message_id: int, **changed: object) -> Json:
    """A picture in two sizes."""
    sizes = [
        {"file_id": f"small-{message_id}", "file_unique_id": "a", "width": 90, "height": 60},
        {"file_id": f"large-{message_id}", "file_unique_id": "b", "width": 1280, "height": 960},
    ]
    return message(message_id, photo=sizes, **changed)
