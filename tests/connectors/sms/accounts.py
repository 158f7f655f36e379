"""Accounts and requests for the tests; every secret in here is invented."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from multidict import CIMultiDict

from connectors.sms.connector import SmsConnector
from connectors.sms.settings import SmsSettings
from gateway.contract import Route, WebRequest
from gateway.errors import Forged

#: A moment for everything that asks what time it is.
NOW = datetime(2026, 3, 2, 1, 15, 30, tzinfo=UTC)
BASE_URL = "https://aduan.example.go.id"
FORM = "application/x-www-form-urlencoded"

BEARER: dict[str, object] = {"kind": "bearer", "token": "rahasia-umum"}
ACCOUNTS: dict[str, dict[str, object]] = {
    "kannel": {"dialect": "kannel", "username": "kannel", "password": "rahasia-kannel"},
    "jasmin": {"dialect": "jasmin", "token": "rahasia-jasmin"},
    "twilio": {"dialect": "twilio", "auth_token": "rahasia-twilio"},
    "infobip": {"dialect": "infobip", "verify": BEARER},
    "vonage": {"dialect": "vonage", "signature_secret": "rahasia-vonage"},
    "africastalking": {"dialect": "africastalking", "token": "rahasia-afrika"},
    "bird": {"dialect": "bird", "signing_key": "rahasia-bird-panjang-sekali"},
    "plivo": {"dialect": "plivo", "auth_token": "rahasia-plivo"},
    "clickatell": {"dialect": "clickatell", "token": "rahasia-klik"},
    "gammu": {"dialect": "gammu", "token": "rahasia-gammu"},
    "generic": {"dialect": "generic", "verify": BEARER},
}


def route(
    dialect: str,
    method: str = "POST",
    base_url: str = BASE_URL,
    changed: Mapping[str, object] | None = None,
) -> Route:
    """The route of one account called ``uji``, changed as a test wants it; None takes away."""
    account = {"name": "uji", **ACCOUNTS[dialect], **(changed or {})}
    given = {key: value for key, value in account.items() if value is not None}
    settings = SmsSettings.model_validate({"accounts": [given]})
    connector = SmsConnector(settings.accounts, base_url, clock=lambda: NOW)
    return next(each for each in connector.routes() if each.method == method)


def get(query: str, **headers: str) -> WebRequest:
    """A request without a body."""
    return WebRequest("GET", "/sms/uji", query, CIMultiDict(headers), b"")


def post(body: bytes, content_type: str = FORM, query: str = "", **headers: str) -> WebRequest:
    """A request with a body; ``x_signature`` becomes the header ``X-Signature``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = CIMultiDict({"Content-Type": content_type, **named})
    return WebRequest("POST", "/sms/uji", query, sent, body)


def holds(dialect: str, request: WebRequest, **changed: object) -> bool:
    """Whether the account believes the request."""
    try:
        route(dialect, request.method, changed=changed).verify(request)
    except Forged:
        return False
    return True


def basic(username: str, password: str) -> str:
    """The value of an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
