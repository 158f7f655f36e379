"""Who may bring items, and what the gateway signs for whoever asks."""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from gateway.errors import Forged
from tests.connectors.x.accounts import asked, posted, route

SECRET = b"rahasia-aplikasi"
BODY = b'{"for_user_id":"1","direct_message_events":[]}'


def _signed(message: bytes) -> str:
    digest = hmac.new(SECRET, message, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    "token",
    [
        "9b4507b3-9040-4669-9ca3-6b94edb50553",
        "MDg5ODdlYzMtMmFiYi00ODAyLWIyZTUtNTQ2",
        "c2FsdA+/==",
        "challenge_string",
    ],
)
def test_a_challenge_is_answered(token: str) -> None:
    reply = route("GET").read(asked(urlencode({"crc_token": token, "nonce": "abc"})))
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"response_token": _signed(token.encode())}
    assert (reply.items, reply.ignored) == ((), "handshake")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "crc_token=",
        "crc=abc",
        urlencode({"crc_token": '{"for_user_id":"456","direct_message_events":[]}'}),
        urlencode({"crc_token": "[1]"}),
        urlencode({"crc_token": '"a"'}),
        urlencode({"crc_token": "a b"}),
        urlencode({"crc_token": "a\n"}),
        urlencode({"crc_token": "a" * 129}),
        urlencode({"crc_token": "é"}),
        "crc_token=a&crc_token=b",
    ],
)
def test_nothing_else_is_signed(query: str) -> None:
    route("GET").verify(asked(query))
    reply = route("GET").read(asked(query))
    assert reply.status == 400
    assert b"response_token" not in reply.body
    assert b"sha256" not in reply.body


def test_a_signed_body_is_taken() -> None:
    route("POST").verify(posted(BODY, _signed(BODY)))


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", _signed(BODY)[7:], _signed(BODY)[:-1], _signed(b"x"), "sha256=é", "\udce9"],
)
def test_another_is_forged(signature: str) -> None:
    with pytest.raises(Forged):
        route("POST").verify(posted(BODY, signature))


@pytest.mark.parametrize("body", [b"12345", b"null", b"true", b"abc-DEF"])
def test_an_answered_challenge_signs_no_body(body: bytes) -> None:
    reply = route("GET").read(asked(urlencode({"crc_token": body.decode()})))
    signature = json.loads(reply.body)["response_token"]
    with pytest.raises(Forged):
        route("POST").verify(posted(body, signature))
