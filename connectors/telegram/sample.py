"""An invented update, sent as Telegram would send it."""

import json
import random
import re
import time
from collections.abc import Mapping

from connectors.telegram.connector import SECRET_HEADER, webhook_path
from connectors.telegram.settings import TelegramSettings, WebhookAccount
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every bot that Telegram calls.

    The digits of ``sender`` become the user's id.
    """
    base_url = config.load(WebSettings).public_base_url
    accounts = config.load(TelegramSettings).accounts
    return {
        webhook_path(account): call_for(account, base_url, sender, text)
        for account in accounts
        if isinstance(account, WebhookAccount)
    }


def call_for(account: WebhookAccount, base_url: str, sender: str, text: str) -> Call:
    """The request that Telegram would make for this message."""
    user_id = int(re.sub(r"[^0-9]", "", sender) or 1)
    person = {"id": user_id, "first_name": "Sri Rejeki", "last_name": "Contoh"}
    update = {
        "update_id": random.randrange(1, 2**31),  # noqa: S311 - a sample, not a secret
        "message": {
            "message_id": random.randrange(1, 2**31),  # noqa: S311
            "date": int(time.time()),
            "chat": {**person, "type": "private"},
            "from": {**person, "is_bot": False, "language_code": "id"},
            "text": text,
        },
    }
    headers = {
        "Content-Type": "application/json",
        SECRET_HEADER: account.secret_token.get_secret_value(),
    }
    body = json.dumps(update, ensure_ascii=False).encode()
    return Call("POST", base_url + webhook_path(account), body, headers)
