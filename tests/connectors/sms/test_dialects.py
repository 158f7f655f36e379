"""Every case of ``tests/payloads/sms``: a request as it stands on the wire, and its items."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import Piece, Rejection
from normalizer.event import Channel, TimePrecision
from tests.connectors.sms.accounts import post, route

PAYLOADS = Path(__file__).parents[2] / "payloads" / "sms"
CASES = sorted(PAYLOADS.glob("*/*.json"))
ANSWERS = {
    "kannel": (b"", "text/plain"),
    "jasmin": (b"ACK/Jasmin", "text/plain"),
    "twilio": (b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml"),
    "infobip": (b"", "text/plain"),
    "vonage": (b"", "text/plain"),
    "africastalking": (b"", "text/plain"),
    "bird": (b"", "text/plain"),
    "plivo": (b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "application/xml"),
    "clickatell": (b"", "text/plain"),
    "gammu": (b"", "text/plain"),
    "generic": (b"OK", "text/plain"),
}


def _request(told: dict[str, Any]) -> WebRequest:
    body = bytes.fromhex(told["body_hex"]) if "body_hex" in told else told.get("body", "").encode()
    headers = told.get("headers", {})
    return WebRequest(told["method"], "/sms/uji", told.get("query", ""), headers, body)


def _summary(item: Item) -> dict[str, object]:
    """What a case says about an item: everything that is not as in an empty draft."""
    if isinstance(item, Piece):
        return {**_summary(item.draft), "piece": f"{item.number}/{item.total}", "key": item.key}
    if isinstance(item, Rejection):
        return _present(source_id=item.source_id, rejected=item.reason.value)
    time = item.submitted_at.isoformat() if item.submitted_at else None
    precision = item.submitted_precision
    return _present(
        sender=item.sender.address,
        source_id=item.source_id,
        submitted_at=time,
        precision=None if precision is TimePrecision.UNKNOWN else precision.value,
        text=item.text_raw,
        decoding=item.decoding,
        incomplete=item.incomplete or None,
        already_in_lapor=item.already_in_lapor or None,
        attachments=[[each.media_type, each.media_id] for each in item.attachments] or None,
    )


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def test_every_dialect_has_cases() -> None:
    assert {case.parent.name for case in CASES} == set(ANSWERS)


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_case(file: Path) -> None:
    case = json.loads(file.read_text(encoding="utf-8"))
    dialect = file.parent.name
    request = _request(case["request"])
    asked = route(dialect, request.method, changed=case.get("account"))
    reply = asked.read(request)
    expected = case["expect"]

    raws = [told.pop("raw", None) for told in expected["items"]]
    assert [_summary(item) for item in reply.items] == expected["items"]
    for item, raw in zip(reply.items, raws, strict=True):
        assert item.channel is Channel.SMS
        assert item.account == "uji"
        assert raw is None or item.raw == raw.encode()
        assert request.body in item.raw or raw is not None
    assert reply.ignored == expected.get("ignored")
    assert (reply.status, reply.body, reply.content_type) == (200, *ANSWERS[dialect])


def test_answer_of_the_generic_dialect_is_a_setting() -> None:
    ack = {"status": 202, "body": '{"status":"diterima"}', "content_type": "application/json"}
    reply = route("generic", changed={"ack": ack}).read(post(b"from=1&text=a"))
    assert reply == WebReply(
        reply.items, 202, b'{"status":"diterima"}', content_type="application/json"
    )


def test_same_request_twice_gives_equal_items() -> None:
    request = post(b"from=081200001111&text=Jalan&id=g-1")
    asked = route("generic")
    assert asked.read(request) == asked.read(request)
