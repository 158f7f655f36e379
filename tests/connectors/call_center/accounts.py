"""Accounts and requests for the tests; every secret in here is invented."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.call_center.connector import CallCenterConnector
from connectors.call_center.sample import signed_form, signed_headers
from connectors.call_center.settings import (
    Account,
    CallCenterSettings,
    GenericAccount,
    TwilioVoiceAccount,
)
from gateway.contract import Call, Route, WebRequest

#: A moment for everything that asks what time it is.
NOW = datetime(2026, 3, 2, 1, 20, tzinfo=UTC)
BASE = "https://aduan.example.go.id"
JSON = {"Content-Type": "application/json"}
ACCOUNTS: dict[str, dict[str, object]] = {
    "generic": {"dialect": "generic", "verify": {"secret": "rahasia-pbx"}},
    "twilio_voice": {"dialect": "twilio_voice", "auth_token": "rahasia-awan"},
}


def account(dialect: str = "generic", **changed: object) -> Account:
    """The account ``uji``, changed as a test wants it."""
    told = {"name": "uji", **ACCOUNTS[dialect], **changed}
    return CallCenterSettings.model_validate({"accounts": [told]}).accounts[0]


def generic(**changed: object) -> GenericAccount:
    """A PBX."""
    found = account("generic", **changed)
    assert isinstance(found, GenericAccount)
    return found


def twilio(**changed: object) -> TwilioVoiceAccount:
    """A number of Twilio's."""
    found = account("twilio_voice", **changed)
    assert isinstance(found, TwilioVoiceAccount)
    return found


def connector(of: Account, base: str = BASE) -> CallCenterConnector:
    """The connector of one account."""
    return CallCenterConnector((of,), base, clock=lambda: NOW)


def route(of: Account, below: str = "", base: str = BASE, method: str = "POST") -> Route:
    """One of its routes."""
    wanted = (method, f"/call/uji{below}")
    return next(one for one in connector(of, base).routes() if (one.method, one.path) == wanted)


def posted(of: Account, event: object, below: str = "") -> WebRequest:
    """An event as its system posts it."""
    if isinstance(of, TwilioVoiceAccount):
        assert isinstance(event, Mapping)
        return request_of(signed_form(of, f"{BASE}/call/uji{below}", event))
    body = json.dumps(event).encode()
    headers = signed_headers(of.verify, body, int(NOW.timestamp()))
    return WebRequest("POST", "/call/uji", "", {**JSON, **headers}, body)


def asked(of: TwilioVoiceAccount, form: Mapping[str, str]) -> WebRequest:
    """The voice address, called by GET."""
    query = urlencode(form)
    signed = signed_form(of, f"{BASE}/call/uji/voice?{query}", {})
    return WebRequest("GET", "/call/uji/voice", query, signed.headers, b"")


def request_of(call: Call) -> WebRequest:
    """A sample as it comes over the wire."""
    path, _, query = call.url.removeprefix(BASE).partition("?")
    return WebRequest(call.method, path, query, call.headers, call.body)
