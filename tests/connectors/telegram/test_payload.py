"""Every case of ``tests/payloads/telegram``: an update, and the item that it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract import Item
from normalizer.draft import Piece, Rejection
from normalizer.event import Channel
from tests.connectors.telegram.bots import reader

PAYLOADS = Path(__file__).parents[2] / "payloads" / "telegram"
CASES = sorted(PAYLOADS.glob("*.json"))


def _summary(item: Item) -> dict[str, object]:
    """What a case says about an item: everything that is not as in an empty draft."""
    if isinstance(item, Piece):
        names = ("key", "number", "item_id", "total", "wait_seconds", "restarts")
        return {**_summary(item.draft), "piece": {name: getattr(item, name) for name in names}}
    if isinstance(item, Rejection):
        return _present(source_id=item.source_id, rejected=item.reason.value)
    path, first = item.reply_path, item.relates_to
    return _present(
        source_id=item.source_id,
        sender=item.sender.address,
        name=item.sender.name,
        submitted_at=item.submitted_at.isoformat() if item.submitted_at else None,
        text=item.text_raw,
        coordinates=list(item.coordinates) if item.coordinates else None,
        landmark=item.landmark,
        attachments=[[a.media_type, a.media_id, a.size_bytes, a.name] for a in item.attachments]
        or None,
        relates_to=[first.source_id, first.relation.value] if first else None,
        exclusion=item.exclusion.value if item.exclusion else None,
        reply=[path.address, path.thread, path.public] if path else None,
    )


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file: Path) -> None:
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    body = json.dumps(case["update"]).encode()
    reading = reader().parse(body)
    assert reading.ignored == case.get("ignored")
    if "expect" not in case:
        assert reading.item is None
        return
    assert reading.item is not None
    assert _summary(reading.item) == case["expect"]
    assert reading.item.channel is Channel.TELEGRAM
    assert reading.item.account == "uji"
    assert reading.item.raw == body
    assert reading.item.raw_media_type == "application/json"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_update_is_kept_aside(body: bytes) -> None:
    item = reader().parse(body).item
    assert isinstance(item, Rejection)
    assert (item.reason.value, item.raw) == ("unreadable", body)


def test_a_damaged_letter_costs_one_letter() -> None:
    case = json.loads((PAYLOADS / "text.json").read_text(encoding="utf-8"))
    body = json.dumps(case["update"]).encode().replace(b"Lampu", b"Lamp\xff")
    item = reader().parse(body).item
    assert item is not None
    assert _summary(item)["text"] == "Lamp\ufffd jalan depan pasar padam 😡"


def test_a_second_delivery_has_the_same_id_and_two_edits_have_not() -> None:
    first = {"update_id": 1, "edited_message": _edited("satu")}
    second = {"update_id": 2, "edited_message": _edited("dua")}
    ids = [reader().read(update, b"").item for update in (first, first, second)]
    assert [item and item.source_id for item in ids[:2]] == ["7:3:edit:1"] * 2
    assert ids[2] is not None
    assert ids[2].source_id == "7:3:edit:2"


def _edited(text: str) -> dict[str, object]:
    chat = {"id": 7, "type": "private", "first_name": "Sri"}
    sender = {"id": 7, "is_bot": False, "first_name": "Sri"}
    return {"message_id": 3, "chat": chat, "from": sender, "date": 1, "edit_date": 2, "text": text}


NAMES = [
    *("update_id", "message", "edited_message", "message_reaction", "channel_post", "chat", "id"),
    *("from", "type", "text", "caption", "photo", "voice", "venue", "location", "contact", "poll"),
    *("reply_to_message", "sender_chat", "media_group_id", "message_id", "date", "new_reaction"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=16,
)


@given(JSON, JSON)
def test_reading_never_fails_and_never_loses(update: object, message: object) -> None:
    for one in (update, {"update_id": 1, "message": message}):
        reading = reader().parse(json.dumps(one).encode())
        assert (reading.item is None) != (reading.ignored is None)
