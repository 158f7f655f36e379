"""The signatures of Vonage, made here from its manual, what is none, and the logins."""

import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from normalizer.draft import Draft
from tests.connectors.sms.accounts import FORM, NOW, get, holds, post, route

STAMP = str(int(NOW.timestamp()))
VONAGE = b"rahasia-vonage"
PARAMETERS = {
    "msisdn": "6281200009001",
    "text": "Jalan & selokan = rusak ",
    "messageId": "v-1",
    "message-timestamp": "2026-03-02 01:15:30",
    "timestamp": STAMP,
}
#: By hand: by the bytes of their names, with ``&`` and ``=`` inside values replaced.
SIGNED = (
    f"&message-timestamp=2026-03-02 01:15:30&messageId=v-1&msisdn=6281200009001"
    f"&text=Jalan _ selokan _ rusak &timestamp={STAMP}"
).encode()
BODY = b'{"event":"sms.inbound"}'


def _vonage_hmac(method: str) -> str:
    return hmac.new(VONAGE, SIGNED, method).hexdigest()


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_vonage_by_hmac_in_every_form(method: str) -> None:
    signed = {**PARAMETERS, "sig": _vonage_hmac(method)}
    changed = {"signature_method": method}
    body = urlencode(signed)
    assert holds("vonage", get(body), **changed)
    assert holds("vonage", get(urlencode({**signed, "sig": signed["sig"].upper()})), **changed)
    assert holds("vonage", post(body.encode(), FORM), **changed)
    assert holds("vonage", post(json.dumps(signed).encode(), "application/json"), **changed)


def test_vonage_by_the_plain_hash() -> None:
    signature = hashlib.md5(SIGNED + VONAGE, usedforsecurity=False).hexdigest()
    query = urlencode({**PARAMETERS, "sig": signature})
    assert holds("vonage", get(query), signature_method="md5hash")
    assert not holds("vonage", get(query), signature_method="md5")


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Jalan mulus"},
        {"sig": ""},
        {"sig": None},
        {"sig": "0" * 64},
        {"extra": "x"},
        {"messageId": None},
    ],
)
def test_vonage_changed_on_the_way(change: dict[str, str | None]) -> None:
    signed = {**PARAMETERS, "sig": _vonage_hmac("sha256"), **change}
    given = {name: value for name, value in signed.items() if value is not None}
    assert not holds("vonage", get(urlencode(given)))
    assert not holds("vonage", post(json.dumps(given).encode(), "application/json"))


def test_vonage_reads_what_it_has_proved() -> None:
    """A parameter that stands twice: the signed one counts, for the proof and for the reading."""
    query = urlencode({**PARAMETERS, "sig": _vonage_hmac("sha256")}) + "&text=Jalan+mulus"
    request = get(query)
    assert holds("vonage", request)
    (item,) = route("vonage", "GET").read(request).items
    assert isinstance(item, Draft)
    assert item.text_raw == PARAMETERS["text"]


@pytest.mark.parametrize(("age", "believed"), [(0, True), (86_400, True), (90_001, False)])
def test_vonage_repeats_for_a_day(age: int, believed: bool) -> None:
    stamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
    signed = SIGNED.replace(STAMP.encode(), stamp.encode())
    signature = hmac.new(VONAGE, signed, "sha256").hexdigest()
    query = urlencode({**PARAMETERS, "timestamp": stamp, "sig": signature})
    assert holds("vonage", get(query)) is believed


@pytest.mark.parametrize("timestamp", ["", "besok", None])
def test_vonage_without_a_time(timestamp: str | None) -> None:
    parameters = {**PARAMETERS, "timestamp": timestamp}
    given = {name: value for name, value in parameters.items() if value is not None}
    signed = "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(given.items())
    )
    given["sig"] = hmac.new(VONAGE, signed.encode(), "sha256").hexdigest()
    assert not holds("vonage", get(urlencode(given)))


@pytest.mark.parametrize(
    "body", [b"[1]", b"{", b'"sig"', b'{"sig":"1","a":[{}]}', b'{"sig":"1","\\ud800":"\\ud800"}']
)
def test_vonage_with_a_body_that_has_no_parameters(body: bytes) -> None:
    assert not holds("vonage", post(body, "application/json"))


@pytest.mark.parametrize("dialect", ["vonage", "bird", "plivo", "twilio"])
def test_a_wrong_signature_is_403(dialect: str) -> None:
    assert route(dialect).forged_status == 403


@pytest.mark.parametrize("dialect", ["infobip", "africastalking", "clickatell", "gammu"])
def test_a_wrong_login_is_401(dialect: str) -> None:
    assert route(dialect).forged_status == 401


@pytest.mark.parametrize("dialect", ["africastalking", "clickatell"])
def test_the_secret_in_the_address(dialect: str) -> None:
    token = {"africastalking": "rahasia-afrika", "clickatell": "rahasia-klik"}[dialect]
    assert holds(dialect, post(b"text=a", FORM, f"token={token}"))
    assert not holds(dialect, post(f"text=a&token={token}".encode(), FORM))
    assert not holds(dialect, post(b"text=a", FORM))


@pytest.mark.parametrize("dialect", ["infobip", "gammu"])
def test_a_bearer_token(dialect: str) -> None:
    token = {"infobip": "rahasia-umum", "gammu": "rahasia-gammu"}[dialect]
    assert holds(dialect, post(b"{}", FORM, Authorization=f"Bearer {token}"))
    assert not holds(dialect, post(b"{}", FORM, Authorization=f"Bearer {token}x"))
    assert not holds(dialect, post(b"{}", FORM))


def test_infobip_by_hmac_and_by_a_header_of_its_own() -> None:
    proof: dict[str, object] = {"kind": "hmac", "secret": "kunci-hmac"}
    signature = hmac.new(b"kunci-hmac", BODY, "sha256").hexdigest()
    request = post(BODY, "application/json", X_Signature=signature)
    assert holds("infobip", request, verify=proof)
    assert route("infobip", changed={"verify": proof}).forged_status == 403
    by_header = {"kind": "header", "header": "X-Api-Key", "value": "rahasia-kunci"}
    assert holds("infobip", post(BODY, FORM, X_Api_Key="rahasia-kunci"), verify=by_header)
    assert not holds("infobip", post(BODY, FORM, X_Api_Key="rahasia-kunca"), verify=by_header)
    assert not holds("infobip", post(BODY, FORM), verify=by_header)
