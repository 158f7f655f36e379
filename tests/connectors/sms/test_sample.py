"""Samples: for every dialect a request that its own account believes and reads."""

from urllib.parse import urlsplit

import pytest

from connectors.sms.connector import build
from connectors.sms.sample import sample_calls
from gateway.contract import WebRequest
from gateway.settings import ConfigFile
from normalizer.draft import Draft
from normalizer.phone import to_e164
from tests.connectors.sms.accounts import ACCOUNTS

TEXT = "Lampu padam & jalan “rusak” 😡"
PROOFS: dict[str, dict[str, object]] = {
    "basic": {"kind": "basic", "username": "u", "password": "rahasia-uji"},
    "bearer": {"kind": "bearer", "token": "rahasia-uji"},
    "header": {"kind": "header", "header": "X-Kunci", "value": "rahasia-uji"},
    "hmac": {"kind": "hmac", "secret": "rahasia-uji", "timestamp_header": "X-Waktu"},
    "query-token": {"kind": "query_token", "token": "rahasia-uji", "parameter": "kunci"},
}
METHODS = ("md5hash", "md5", "sha1", "sha256", "sha512")
EVERY: dict[str, dict[str, object]] = {
    **ACCOUNTS,
    **{f"generic-{name}": {"dialect": "generic", "verify": p} for name, p in PROOFS.items()},
    **{f"infobip-{name}": {"dialect": "infobip", "verify": p} for name, p in PROOFS.items()},
    **{f"vonage-{name}": {**ACCOUNTS["vonage"], "signature_method": name} for name in METHODS},
}


@pytest.mark.parametrize("base_url", ["https://aduan.example.go.id", "http://127.0.0.1:8080/"])
def test_every_account_believes_its_sample(base_url: str) -> None:
    accounts = [{"name": name, **account} for name, account in EVERY.items()]
    config = ConfigFile(None, {"web": {"public_base_url": base_url}, "sms": {"accounts": accounts}})
    calls = sample_calls(config, "+6281200009001", TEXT)
    (connector,) = build(config)
    routes = {(route.method, route.path): route for route in connector.routes()}
    assert set(calls) == {route.path for route in connector.routes()}
    for path, call in calls.items():
        parts = urlsplit(call.url)
        assert call.url.startswith(base_url.rstrip("/") + path)
        route = routes[call.method, path]  # type: ignore[index]
        request = WebRequest(call.method, parts.path, parts.query, call.headers, call.body)
        route.verify(request)
        (item,) = route.read(request).items
        assert isinstance(item, Draft)
        assert item.text_raw == TEXT
        assert item.source_id
        assert to_e164(item.sender.address or "") == "+6281200009001"


def test_two_samples_are_two_messages() -> None:
    config = ConfigFile(None, {"sms": {"accounts": [{"name": "a", **ACCOUNTS["generic"]}]}})
    assert sample_calls(config, "1", TEXT) != sample_calls(config, "1", TEXT)
