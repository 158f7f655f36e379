"""Invented requests of Meta, signed as every app's webhook asks."""

import hmac
import json
import time
import uuid
from collections.abc import Mapping

from connectors.meta.settings import MetaApp, MetaSettings
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings

#: Stands in where an app has no number yet.
_NO_NUMBER = "100000000000000"


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every app."""
    base_url = config.load(WebSettings).public_base_url
    return {
        f"/meta/{app.name}": call_for(app, base_url, sender, text)
        for app in config.load(MetaSettings).apps
    }


def call_for(app: MetaApp, base_url: str, sender: str, text: str) -> Call:
    """A WhatsApp text, as Meta would send it: of all three channels the one with a number."""
    number = sender.lstrip("+")
    # WhatsApp writes numbers in full and without a plus.
    number = f"62{number[1:]}" if number.startswith("0") else number
    message = {
        "from": number,
        "id": f"wamid.{uuid.uuid4().hex}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
    }
    number_id = app.whatsapp[0].id if app.whatsapp else _NO_NUMBER
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "628001708000", "phone_number_id": number_id},
        "contacts": [{"wa_id": number, "profile": {"name": "Sri Rejeki Contoh"}}],
        "messages": [message],
    }
    entry = {"id": "102000000000000", "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    return Call("POST", f"{base_url}/meta/{app.name}", body, signed(app, body))


def signed(app: MetaApp, body: bytes) -> dict[str, str]:
    """The headers of a body."""
    digest = hmac.digest(app.app_secret.get_secret_value().encode(), body, "sha256").hex()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
