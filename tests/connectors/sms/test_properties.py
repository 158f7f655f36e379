"""Reading takes whatever arrives: items or a rejection, never an exception."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract import Route, WebRequest
from gateway.errors import Forged
from normalizer.draft import Draft, Piece
from tests.connectors.sms.accounts import FORM, route

BATCH: dict[str, object] = {"items": "data", "fields": {"text": "a.b.0", "submitted_at": "date"}}
KINDS: list[tuple[str, dict[str, object]]] = [
    ("kannel", {}),
    ("jasmin", {}),
    ("twilio", {}),
    ("infobip", {}),
    ("vonage", {}),
    ("africastalking", {}),
    ("bird", {}),
    ("plivo", {}),
    ("clickatell", {}),
    ("gammu", {}),
    ("generic", {}),
    ("generic", {**BATCH, "time_format": "unix"}),
    ("generic", {"format": "json", "time_format": "%d/%m/%Y"}),
]
#: Where a dialect of JSON has its message.
AROUND = {
    "infobip": '{"results":[{"text":%}]}',
    "vonage": '{"text":%}',
    "bird": '{"event":"sms.inbound","payload":{"body":{"text":%}}}',
    "clickatell": '{"event":{"moText":[{"content":%}]}}',
}
ROUTES = [
    route(dialect, method, changed=changed)
    for dialect, changed in KINDS
    for method in ("GET", "POST")
]
NAMES = [b"from", b"text", b"id", b"date", b"ts", b"udh", b"coding", b"charset", b"binary", b"Body"]
NAMES += [b"content", b"MediaUrl0", b"NumMedia", b"message_status", b"dlr", b"part", b"total"]
NAMES += [b"ref", b"concat-ref", b"concat-part", b"concat-total", b"message-timestamp", b"msisdn"]
NAMES += [b"data", b"body", b"originator", b"receive_datetime", b"mediaURLs", b"Text", b"Media0"]
NAMES += [b"timestamp", b"status", b"SMS_MESSAGES", b"SMS_1_TEXT", b"SMS_1_NUMBER", b"received"]
KEYS = ["from", "text", "id", "date", "data", "a", "b", "results", "messageId", "receivedAt", "udh"]
KEYS += ["event", "payload", "body", "type", "images", "files", "mediaUrl", "moText", "moMedia"]
KEYS += ["content", "charset", "timestamp", "concat-part", "concat-total", "msisdn", "status"]
PIECE = st.tuples(st.sampled_from(NAMES), st.binary(max_size=20)).map(b"=".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
BODY = st.binary(max_size=200) | st.lists(PIECE, max_size=8).map(b"&".join) | JSON
CONTENT_TYPE = st.sampled_from(
    ["", FORM, "application/json", "text/plain; charset=utf-16be", "text/plain", ";", "ü/\x00"]
)


@given(st.sampled_from(ROUTES), BODY, BODY, CONTENT_TYPE, st.text(max_size=20))
@settings(max_examples=800, deadline=None)
def test_read_takes_anything(
    asked: Route, body: bytes, query: bytes, content_type: str, header: str
) -> None:
    request = WebRequest(
        asked.method,
        asked.path,
        query.decode("utf-8", "surrogateescape"),
        {"Content-Type": content_type, "X-Kannel-UDH": header, "X-Kannel-Coding": header},
        body if asked.method == "POST" else b"",
    )
    reply = asked.read(request)
    assert reply.status == 200
    for item in reply.items:
        shown = [item.source_id, item.raw_media_type, item.account]
        item = item.draft if isinstance(item, Piece) else item
        if isinstance(item, Draft):
            shown += [item.text_raw, item.sender.address]
            shown += [each.media_id for each in item.attachments]
            assert item.submitted_at is None or item.submitted_at.utcoffset() is not None
        for text in shown:
            # What cannot be encoded could never be sealed: such an item would block its source.
            assert text is None or text.encode("utf-8") is not None


PROOFS = ["Authorization", "X-Twilio-Signature", "MessageBird-Signature-JWT", "X-Signature"]
PROOFS += ["messagebird-signature", "messagebird-request-timestamp"]
PROOFS += ["X-Plivo-Signature-V2", "X-Plivo-Signature-V3", "X-Plivo-Signature-V3-Nonce"]
JWT_PART = st.binary(max_size=30).map(lambda part: urlsafe_b64encode(part).decode().rstrip("="))
TOKEN = st.lists(JWT_PART | st.just("eyJhbGciOiJIUzI1NiJ9"), max_size=4).map(".".join)


@given(
    st.sampled_from(ROUTES),
    BODY,
    BODY,
    CONTENT_TYPE,
    st.dictionaries(st.sampled_from(PROOFS), st.text(max_size=20) | TOKEN),
)
@settings(max_examples=800, deadline=None)
def test_nothing_proves_itself_by_chance(
    asked: Route, body: bytes, query: bytes, content_type: str, headers: dict[str, str]
) -> None:
    request = WebRequest(
        asked.method,
        asked.path,
        query.decode("utf-8", "surrogateescape"),
        {"Content-Type": content_type, **headers},
        body if asked.method == "POST" else b"",
    )
    with pytest.raises(Forged):
        asked.verify(request)


@pytest.mark.parametrize("depth", [300, 900, 950, 990, 1000, 1100, 30_000])
def test_deep_json_is_an_item_or_a_rejection(depth: int) -> None:
    body = b"[" * depth + b"]" * depth
    assert len(route("generic").read(_json(body)).items) == 1
    inside = b'[{"text":' + body + b"}]"
    assert len(route("generic").read(_json(inside)).items) == 1
    for dialect, around in AROUND.items():
        request = _json(around.encode().replace(b"%", body))
        assert len(route(dialect).read(request).items) == 1


def test_number_too_long_for_python_is_a_rejection() -> None:
    reply = route("generic").read(_json(b'{"text":' + b"9" * 5000 + b"}"))
    assert not isinstance(reply.items[0], Draft)


def _json(body: bytes) -> WebRequest:
    return WebRequest("POST", "/sms/uji", "", {"Content-Type": "application/json"}, body)
