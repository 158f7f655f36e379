"""Signatures over our address, of Bird and Plivo: made here from their manuals, or none."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from gateway.contract import WebRequest
from tests.connectors.sms.accounts import BASE_URL, FORM, NOW, get, holds, post

URL = f"{BASE_URL}/sms/uji"
STAMP = str(int(NOW.timestamp()))
BIRD = b"rahasia-bird-panjang-sekali"
PLIVO = b"rahasia-plivo"
BODY = b'{"event":"sms.inbound"}'
PLIVO_PAIRS = [("Text", "Got mampet 😡"), ("From", "6281200009001"), ("X", "2"), ("X", "1")]
#: By hand: names sorted, and the values of a name sorted.
PLIVO_SIGNED = "From6281200009001TextGot mampet 😡X1X2"


def _bird(called: str, body: bytes = BODY, stamp: str = STAMP, key: bytes = BIRD) -> str:
    content = f"{stamp}\n{called}\n".encode() + hashlib.sha256(body).digest()
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _bird_post(signature: str, *, stamp: str = STAMP, query: str = "") -> WebRequest:
    headers = {"messagebird_signature": signature, "messagebird_request_timestamp": stamp}
    return post(BODY, "application/json", query, **headers)


def test_bird_over_time_address_and_body() -> None:
    assert holds("bird", _bird_post(_bird(URL)))
    assert holds("bird", _bird_post(_bird(f"{URL}?b=1&a=2"), query="b=1&a=2"))
    assert holds("bird", _bird_post(_bird(URL.replace(".id", ".id:443"))))


def test_bird_of_the_older_age_over_the_sorted_query() -> None:
    assert holds("bird", _bird_post(_bird("a=2&b=1"), query="b=1&a=2"))


@pytest.mark.parametrize(
    ("signature", "stamp"),
    [
        ("", STAMP),
        (_bird("https://lain.example.com/sms/uji"), STAMP),
        (_bird(URL, b"{}"), STAMP),
        (_bird(URL, key=b"kunci lain"), STAMP),
        (_bird(URL), str(int(STAMP) + 1)),
        (_bird(URL, stamp=str(int(STAMP) - 32_401)), str(int(STAMP) - 32_401)),
        (_bird(URL, stamp=""), ""),
    ],
)
def test_bird_without_a_right_signature(signature: str, stamp: str) -> None:
    assert not holds("bird", _bird_post(signature, stamp=stamp))


def _jwt(key: bytes = BIRD, method: str = "HS256", **changed: object) -> str:
    claims: dict[str, Any] = {
        "iss": "MessageBird",
        "nbf": int(STAMP),
        "exp": int(STAMP) + 60,
        "jti": "e92cf079",
        "url_hash": hashlib.sha256(URL.encode()).hexdigest(),
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        **changed,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": method}, given, OctKey.import_key(key), algorithms=[method])


def _jwtholds(token: str, body: bytes = BODY) -> bool:
    return holds("bird", post(body, "application/json", MessageBird_Signature_JWT=token))


def test_bird_by_jwt() -> None:
    assert _jwtholds(_jwt())
    assert _jwtholds(_jwt(method="HS512"))
    assert _jwtholds(_jwt(exp=int(STAMP) - 30)), "clocks drift"
    assert _jwtholds(_jwt(payload_hash=None), body=b"")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "bukan.sebuah.token",
        _jwt(b"kunci lain yang panjang"),
        _jwt(iss="Bukan"),
        _jwt(iss=None),
        _jwt(exp=int(STAMP) - 61),
        _jwt(nbf=int(STAMP) + 61),
        _jwt(url_hash=None),
        _jwt(url_hash=hashlib.sha256(b"https://lain.example.com").hexdigest()),
        _jwt(payload_hash=None),
        _jwt(payload_hash=hashlib.sha256(b"{}").hexdigest()),
        # "none" as the method, and no signature.
        ".".join(
            (
                base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("="),
                _jwt().split(".")[1],
                "",
            )
        ),
    ],
)
def test_bird_without_a_right_jwt(token: str) -> None:
    assert not _jwtholds(token)


def test_bird_with_a_hash_of_a_body_that_is_not_there() -> None:
    assert not _jwtholds(_jwt(), body=b"")


def _plivo(content: str, key: bytes = PLIVO) -> str:
    return base64.b64encode(hmac.digest(key, content.encode(), "sha256")).decode()


def _plivo_post(
    headers: dict[str, str], query: str = "", form: str = urlencode(PLIVO_PAIRS)
) -> WebRequest:
    return post(form.encode(), FORM, query, **headers)


def test_plivo_by_v2() -> None:
    headers = {"X_Plivo_Signature_V2": _plivo(URL + "123"), "X_Plivo_Signature_V2_Nonce": "123"}
    assert holds("plivo", _plivo_post(headers))
    assert holds("plivo", _plivo_post(headers, query="a=1")), "V2 leaves the query out"
    main = {**headers, "X_Plivo_Signature_V2": _plivo(URL + "123", b"token anak")}
    assert not holds("plivo", _plivo_post(main))
    assert holds("plivo", _plivo_post({**main, "X_Plivo_Signature_Ma_V2": _plivo(URL + "123")}))


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        ("", f"{URL}?{PLIVO_SIGNED}.123"),
        ("b=2&a=1+x", f"{URL}?a=1 x&b=2.{PLIVO_SIGNED}.123"),
    ],
)
def test_plivo_by_v3_covers_query_and_form(query: str, signed: str) -> None:
    headers = {"X_Plivo_Signature_V3": f"x,{_plivo(signed)}", "X_Plivo_Signature_V3_Nonce": "123"}
    assert holds("plivo", _plivo_post(headers, query))
    assert not holds("plivo", _plivo_post(headers, query, "Text=lain"))
    assert not holds("plivo", _plivo_post(headers, query + "&c=3"))


def test_plivo_by_v3_and_get() -> None:
    signed = _plivo(f"{URL}?From=62812&Text=Jalan rusak.123")
    headers = {"X-Plivo-Signature-V3": signed, "X-Plivo-Signature-V3-Nonce": "123"}
    assert holds("plivo", get("Text=Jalan+rusak&From=62812", **headers))
    bare = {**headers, "X-Plivo-Signature-V3": _plivo(f"{URL}.123")}
    assert holds("plivo", get("", **bare))


def test_plivo_v3_cannot_be_avoided_with_a_wrong_one_beside_a_right_v2() -> None:
    headers = {
        "X_Plivo_Signature_V3": "salah",
        "X_Plivo_Signature_V3_Nonce": "123",
        "X_Plivo_Signature_V2": _plivo(URL + "123"),
        "X_Plivo_Signature_V2_Nonce": "123",
    }
    assert not holds("plivo", _plivo_post(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Plivo_Signature_V2": _plivo(URL)},
        {"X_Plivo_Signature_V2": "", "X_Plivo_Signature_V2_Nonce": "123"},
        {"X_Plivo_Signature_V2": _plivo(URL + "124"), "X_Plivo_Signature_V2_Nonce": "123"},
    ],
)
def test_plivo_without_a_right_signature(headers: dict[str, str]) -> None:
    assert not holds("plivo", _plivo_post(headers))
