"""Who may tell of calls: what proves a telephone system, and that nothing less does."""

import base64
import dataclasses
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from gateway.contract import WebRequest
from gateway.errors import Forged
from tests.connectors.call_center.accounts import BASE, NOW, asked, generic, route, twilio

BODY = b'{"call_id":"1","event":"missed"}'
STAMP = str(int(NOW.timestamp()))
FORM = [("From", "+6281200001111"), ("CallSid", "CA1"), ("Name", "Sri 😡"), ("X", "2"), ("X", "1")]
#: By hand: names sorted, then values.
SIGNED_FORM = "CallSidCA1From+6281200001111NameSri 😡X1X2"


def _hmac(signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(b"rahasia-pbx", signed, algorithm).digest()


def _posted(**headers: str) -> WebRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebRequest("POST", "/call/uji", "", named, BODY)


@pytest.mark.parametrize(
    ("proof", "headers", "holds"),
    [
        ({}, {"X_Signature": _hmac(BODY).hex()}, True),
        ({}, {"X_Signature": _hmac(BODY).hex().upper()}, True),
        ({}, {"X_Signature": _hmac(BODY).hex()[:-1]}, False),
        ({}, {"X_Signature": _hmac(BODY + b" ").hex()}, False),
        ({}, {"X_Signature": ""}, False),
        ({}, {"X_Signature": "é\udce9"}, False),
        ({}, {}, False),
        ({"prefix": "sha256="}, {"X_Signature": "sha256=" + _hmac(BODY).hex()}, True),
        ({"prefix": "sha256="}, {"X_Signature": _hmac(BODY).hex()}, False),
        ({"header": "X-Pbx"}, {"X_Pbx": _hmac(BODY).hex()}, True),
        ({"algorithm": "sha512"}, {"X_Signature": _hmac(BODY, "sha512").hex()}, True),
        (
            {"encoding": "base64"},
            {"X_Signature": base64.b64encode(_hmac(BODY)).decode()},
            True,
        ),
    ],
)
def test_hmac(proof: dict[str, object], headers: dict[str, str], holds: bool) -> None:
    asks = route(generic(verify={"secret": "rahasia-pbx", **proof}))
    assert asks.forged_status == 403
    if holds:
        asks.verify(_posted(**headers))
        return
    with pytest.raises(Forged):
        asks.verify(_posted(**headers))


@pytest.mark.parametrize(
    ("stamp", "holds"),
    [
        (STAMP, True),
        (str(int(STAMP) - 300), True),
        (str(int(STAMP) - 301), False),
        (str(int(STAMP) + 301), False),
        ("", False),
        ("kemarin", False),
        ("-" + STAMP, False),
    ],
)
def test_an_old_copy_is_a_forgery(stamp: str, holds: bool) -> None:
    asks = route(generic(verify={"secret": "rahasia-pbx", "timestamp_header": "X-Time"}))
    signed = _posted(X_Time=stamp, X_Signature=_hmac(f"{stamp}.".encode() + BODY).hex())
    if holds:
        asks.verify(signed)
        return
    with pytest.raises(Forged):
        asks.verify(signed)


def _twilio(signed: str) -> str:
    digest = hmac.new(b"rahasia-awan", signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("base", "signed_as", "holds"),
    [
        (BASE, BASE, True),
        (BASE, f"{BASE}:443", True),
        (BASE + "/pintu", BASE + "/pintu", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1", True),
        (BASE, "http://aduan.example.go.id", False),
        (BASE, "https://lain.example", False),
    ],
)
def test_twilio(base: str, signed_as: str, holds: bool) -> None:
    asks = route(twilio(), "/voice", base)
    good = _twilio(f"{signed_as}/call/uji/voice{SIGNED_FORM}")
    sent = WebRequest(
        "POST", "/call/uji/voice", "", {"X-Twilio-Signature": good}, urlencode(FORM).encode()
    )
    if not holds:
        with pytest.raises(Forged):
            asks.verify(sent)
        return
    asks.verify(sent)
    for forged in (
        dataclasses.replace(sent, body=sent.body.replace(b"1111", b"2222")),
        dataclasses.replace(sent, path="/call/uji"),
        dataclasses.replace(sent, headers={}),
        dataclasses.replace(sent, headers={"X-Twilio-Signature": good[:-1]}),
        dataclasses.replace(sent, body=b""),
    ):
        with pytest.raises(Forged):
            asks.verify(forged)


def test_twilio_by_get_signs_the_query() -> None:
    of = twilio()
    asks = route(of, "/voice", method="GET")
    sent = asked(of, {"CallSid": "CA1", "CallStatus": "ringing"})
    asks.verify(sent)
    with pytest.raises(Forged):
        asks.verify(dataclasses.replace(sent, query=sent.query + "&a=1"))
