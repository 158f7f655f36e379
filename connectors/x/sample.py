"""Invented direct messages, signed as X signs them."""

import json
import re
import time
from collections.abc import Mapping

from connectors.x.proof import sign
from connectors.x.settings import XAccount, XSettings
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every account. ``sender``'s digits become the user's id."""
    base_url = config.load(WebSettings).public_base_url
    return {
        f"/x/{account.name}": call_for(account, base_url, sender, text)
        for account in config.load(XSettings).accounts
    }


def call_for(account: XAccount, base_url: str, sender: str, text: str) -> Call:
    """The request that X would make for this message."""
    user_id = re.sub(r"\D", "", sender) or "1"
    now = time.time_ns()
    event = {
        "type": "message_create",
        "id": str(now),
        "created_timestamp": str(now // 1_000_000),
        "message_create": {
            "target": {"recipient_id": account.user_id},
            "sender_id": user_id,
            "message_data": {"text": text, "entities": {"urls": []}},
        },
    }
    user = {"id": user_id, "name": "Warga Contoh", "screen_name": f"contoh_{user_id[-8:]}"}
    body = json.dumps(
        {
            "for_user_id": account.user_id,
            "direct_message_events": [event],
            "users": {user_id: user},
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "x-twitter-webhooks-signature": sign(account.consumer_secret, body),
    }
    return Call("POST", f"{base_url}/x/{account.name}", body, headers)
