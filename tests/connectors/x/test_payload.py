"""Every case of ``tests/payloads/x``: a body as X posts it, and its items."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract import Item
from normalizer.draft import Draft, Rejection
from normalizer.event import Channel
from tests.connectors.x.accounts import posted, route

PAYLOADS = Path(__file__).parents[2] / "payloads" / "x"
CASES = sorted(PAYLOADS.glob("*.json"))


def _summary(item: Item) -> dict[str, object]:
    """What a case says about an item: everything that is not as in an empty draft."""
    if isinstance(item, Rejection):
        return _present(source_id=item.source_id, rejected=item.reason.value)
    assert isinstance(item, Draft)
    path, related = item.reply_path, item.relates_to
    return _present(
        sender=item.sender.address,
        name=item.sender.name,
        source_id=item.source_id,
        submitted_at=item.submitted_at.isoformat() if item.submitted_at else None,
        text=item.text_raw,
        incomplete=item.incomplete or None,
        coordinates=list(item.coordinates) if item.coordinates else None,
        attachments=[[each.media_type, each.media_id] for each in item.attachments] or None,
        relates_to=[related.source_id, related.relation.value] if related else None,
        answer=[path.address, path.thread, path.public] if path else None,
    )


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _read(body: bytes) -> tuple[tuple[Item, ...], str | None]:
    reply = route("POST").read(posted(body))
    assert reply.status == 200
    return reply.items, reply.ignored


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file: Path) -> None:
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    items, ignored = _read(json.dumps(case["body"]).encode())
    assert [_summary(item) for item in items] == case["expect"]["items"]
    assert ignored == case["expect"].get("ignored")
    assert {(item.channel, item.account) for item in items} <= {(Channel.X, "kabupaten")}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"data"', b"[" * 5000])
def test_what_is_no_event_is_kept_as_it_came(body: bytes) -> None:
    ((item,), ignored) = _read(body)
    assert isinstance(item, Rejection)
    assert (item.raw, ignored) == (body, None)


def test_raw_is_the_one_item_with_the_one_person() -> None:
    case = json.loads((PAYLOADS / "dm-mixed.json").read_text(encoding="utf-8"))
    items, _ = _read(json.dumps(case["body"]).encode())
    kept = json.loads(items[-1].raw)
    assert kept["event"] == case["body"]["direct_message_events"][-1]
    assert list(kept["users"]) == ["2222222222222222221"]
    assert b"Got mampet" not in items[-1].raw


def test_the_key_of_an_encrypted_conversation_is_not_kept() -> None:
    case = (PAYLOADS / "activity-encrypted.json").read_bytes()
    ((item,), _) = _read(json.dumps(json.loads(case)["body"]).encode())
    assert b"CwABAAAAEzIw" in item.raw
    assert b"rahasia" not in item.raw


NAMES = ["data", "event_type", "payload", "direct_message_events", "tweet_create_events", "users"]
NAMES += ["tweet_delete_events", "message_create", "message_data", "text", "id", "id_str", "user"]
NAMES += ["entities", "urls", "url", "expanded_url", "media", "attachment", "coordinates", "type"]
NAMES += ["sender_id", "author_id", "created_at", "created_timestamp", "includes", "status"]
WORDS = ["dm.received", "chat.received", "post.mention.create", "post.delete", "message_create"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1))
@settings(max_examples=400, deadline=None)
def test_anything_is_items_or_rejections(document: dict[str, object]) -> None:
    items, _ = _read(json.dumps(document).encode())
    for item in items:
        assert item.source_id is None or item.source_id.isascii()
        if isinstance(item, Draft):
            assert item.submitted_at is None or item.submitted_at.utcoffset() is not None
            assert item.reply_path is None or item.reply_path.to_bytes()
