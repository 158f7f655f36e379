"""Who may bring items: what proves a caller, and that nothing less does."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from gateway.contract import WebRequest
from gateway.errors import Forged
from tests.connectors.sms.accounts import FORM, NOW, basic, get, post, route

BODY = b"from=081200001111&text=Jalan+rusak"
STAMP = str(int(NOW.timestamp()))
TWILIO_TOKEN = b"rahasia-twilio"
PAIRS = [("From", "+6281200001111"), ("Body", "Got mampet 😡"), ("X", "2"), ("X", "1"), ("X", "2")]
#: By hand: names sorted, the values of X sorted and without the repetition.
SIGNED_FORM = "BodyGot mampet 😡From+6281200001111X1X2"
HMAC = {"kind": "hmac", "secret": "kunci-hmac"}


def _twilio(signed: str) -> str:
    return base64.b64encode(hmac.digest(TWILIO_TOKEN, signed.encode(), "sha1")).decode()


def _hmac(signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(b"kunci-hmac", signed, algorithm)


@pytest.mark.parametrize("dialect", ["kannel", "jasmin"])
@pytest.mark.parametrize(
    ("username", "token", "query", "authorization", "holds"),
    [
        ("budi", None, "", basic("budi", "rahasia-basic"), True),
        ("budi", None, "", basic("budi", "rahasia-basic").replace("Basic", "basic"), True),
        ("budi", None, "", basic("budi", "rahasia-basiC"), False),
        ("budi", None, "", basic("bud", "irahasia-basic"), False),
        ("budi", None, "", "Basic !!!", False),
        ("budi", None, "", "Basic", False),
        ("budi", None, "", "Bearer rahasia-basic", False),
        ("budi", None, "", "", False),
        (None, "rahasia-token", "token=rahasia-token&text=a", "", True),
        (None, "rahasia-token", "token=rahasia%2Dtoken", "", True),
        (None, "rahasia-token", "token=", "", False),
        (None, "rahasia-token", "token=x&token=rahasia-token", "", False),
        (None, "rahasia-token", "", "", False),
        ("budi", "rahasia-token", "token=rahasia-token", basic("budi", "rahasia-basic"), True),
        ("budi", "rahasia-token", "token=rahasia-token", "", False),
        ("budi", "rahasia-token", "", basic("budi", "rahasia-basic"), False),
    ],
)
def test_basic_and_token(
    dialect: str,
    username: str | None,
    token: str | None,
    query: str,
    authorization: str,
    holds: bool,
) -> None:
    changed = {
        "username": username,
        "password": "rahasia-basic" if username else None,
        "token": token,
    }
    asked = route(dialect, "GET", changed=changed)
    assert asked.forged_status == 401
    request = get(query, Authorization=authorization)
    if holds:
        asked.verify(request)
        return
    with pytest.raises(Forged):
        asked.verify(request)


@pytest.mark.parametrize(
    ("base_url", "signed_as"),
    [
        ("https://aduan.example.go.id", "https://aduan.example.go.id"),
        ("https://aduan.example.go.id/", "https://aduan.example.go.id"),
        ("https://aduan.example.go.id", "https://aduan.example.go.id:443"),
        ("http://aduan.example.go.id", "http://aduan.example.go.id:80"),
        ("https://aduan.example.go.id:8443", "https://aduan.example.go.id"),
        ("https://aduan.example.go.id:8443", "https://aduan.example.go.id:8443"),
        ("https://example.go.id/aduan", "https://example.go.id/aduan"),
    ],
)
def test_twilio_signature_over_the_address(base_url: str, signed_as: str) -> None:
    asked = route("twilio", base_url=base_url)
    assert asked.forged_status == 403
    signature = _twilio(f"{signed_as}/sms/uji?a=1&b=%20{SIGNED_FORM}")
    asked.verify(_form(signature, query="a=1&b=%20"))


def _form(
    signature: str, pairs: list[tuple[str, str]] = PAIRS, query: str = "", content_type: str = FORM
) -> WebRequest:
    body = urlencode(pairs).encode()
    return post(body, content_type, query, x_twilio_signature=signature)


BARE = _twilio("https://aduan.example.go.id/sms/uji")
GOOD = _twilio(f"https://aduan.example.go.id/sms/uji{SIGNED_FORM}")


def test_twilio_signature_holds_for_every_order_of_the_form() -> None:
    asked = route("twilio")
    asked.verify(_form(GOOD))
    asked.verify(_form(GOOD, PAIRS[::-1]))
    asked.verify(_form(GOOD, content_type=f"{FORM}; charset=UTF-8"))


@pytest.mark.parametrize(
    "request_",
    [
        _form(""),
        _form(GOOD[:-1]),
        _form(GOOD, [("From", "+6281200001112"), *PAIRS[1:]]),
        _form(GOOD, [*PAIRS, ("Y", "")]),
        _form(GOOD, PAIRS[:2]),
        _form(GOOD, query="a=1"),
        _form(GOOD, content_type="application/json"),
        WebRequest("POST", "/sms/uji", "", {"Content-Type": FORM}, urlencode(PAIRS).encode()),
        WebRequest("POST", "/sms/lain", "", {"X-Twilio-Signature": GOOD}, b""),
        post(b"{}", "application/json", x_twilio_signature=BARE),
    ],
    ids=[
        "empty",
        "shortened",
        "other-sender",
        "added-field",
        "removed-field",
        "added-query",
        "other-content-type",
        "no-signature",
        "other-path",
        "unhashed-json",
    ],
)
def test_twilio_signature_of_something_else(request_: WebRequest) -> None:
    with pytest.raises(Forged):
        route("twilio").verify(request_)


def test_twilio_json_is_hashed_in_the_address() -> None:
    body = b'{"Body": "Jalan rusak"}'
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = _twilio(f"https://aduan.example.go.id/sms/uji?{query}")
    asked = route("twilio")
    asked.verify(post(body, "application/json", query, x_twilio_signature=signature))
    with pytest.raises(Forged):
        asked.verify(post(body + b" ", "application/json", query, x_twilio_signature=signature))


@pytest.mark.parametrize(
    ("proof", "header"),
    [
        ({}, _hmac(BODY).hex()),
        ({}, _hmac(BODY).hex().upper()),
        ({"algorithm": "sha1"}, _hmac(BODY, "sha1").hex()),
        ({"algorithm": "sha512"}, _hmac(BODY, "sha512").hex()),
        ({"encoding": "base64"}, base64.b64encode(_hmac(BODY)).decode()),
        ({"prefix": "sha256="}, f"sha256={_hmac(BODY).hex()}"),
    ],
)
def test_hmac(proof: dict[str, object], header: str) -> None:
    asked = route("generic", changed={"verify": {**HMAC, **proof}})
    assert asked.forged_status == 403
    asked.verify(post(BODY, x_signature=header))
    swapped = "0" if header[-3] != "0" else "1"
    for forged in ("", header[:-1], header[:-3] + swapped + header[-2:], "sha256=" + header):
        with pytest.raises(Forged):
            asked.verify(post(BODY, x_signature=forged))
    with pytest.raises(Forged):
        asked.verify(post(BODY + b"&to=1", x_signature=header))


def test_hmac_of_a_get_covers_the_query() -> None:
    asked = route("generic", "GET", changed={"verify": HMAC})
    signature = _hmac(b"from=1&text=a").hex()
    asked.verify(get("from=1&text=a", **{"X-Signature": signature}))
    with pytest.raises(Forged):
        asked.verify(get("from=1&text=b", **{"X-Signature": signature}))


@pytest.mark.parametrize(
    ("stamp", "holds"),
    [
        (STAMP, True),
        (STAMP + "999", True),
        (str(int(STAMP) - 300), True),
        (str(int(STAMP) + 300), True),
        (str(int(STAMP) - 301), False),
        (str(int(STAMP) + 301), False),
        ("", False),
        ("kemarin", False),
        ("²²²²²²²²²²", False),
        ("1" * 5000, False),
    ],
)
def test_hmac_with_a_time_of_signing(stamp: str, holds: bool) -> None:
    proof = {**HMAC, "timestamp_header": "X-Time", "separator": ":"}
    asked = route("generic", changed={"verify": proof})
    request = post(BODY, x_signature=_hmac(stamp.encode() + b":" + BODY).hex(), x_time=stamp)
    if holds:
        asked.verify(request)
        return
    with pytest.raises(Forged):
        asked.verify(request)


def test_hmac_covers_the_time_of_signing() -> None:
    proof = {**HMAC, "timestamp_header": "X-Time"}
    signature = _hmac(STAMP.encode() + b"." + BODY).hex()
    with pytest.raises(Forged):
        route("generic", changed={"verify": proof}).verify(
            post(BODY, x_signature=signature, x_time=str(int(STAMP) + 1))
        )


@pytest.mark.parametrize(
    ("proof", "good", "bad"),
    [
        (
            {"kind": "bearer", "token": "rahasia-umum"},
            post(BODY, authorization="Bearer rahasia-umum"),
            post(BODY, authorization="Bearer rahasia-umun"),
        ),
        (
            {"kind": "basic", "username": "u", "password": "rahasia-umum"},
            post(BODY, authorization=basic("u", "rahasia-umum")),
            post(BODY, authorization=basic("u", "rahasia-umun")),
        ),
        (
            {"kind": "query_token", "token": "rahasia-umum", "parameter": "kunci"},
            post(BODY, query="kunci=rahasia-umum"),
            post(BODY + b"&kunci=rahasia-umum", query="token=rahasia-umum"),
        ),
    ],
    ids=["bearer", "basic", "query-token"],
)
def test_other_proofs(proof: dict[str, object], good: WebRequest, bad: WebRequest) -> None:
    asked = route("generic", changed={"verify": proof})
    assert asked.forged_status == 401
    asked.verify(good)
    for request in (bad, post(BODY)):
        with pytest.raises(Forged):
            asked.verify(request)
