"""Every case of ``tests/payloads/meta``: a body as Meta sends it, and its items."""

import json
import sys
from pathlib import Path

import pytest

from normalizer.draft import Draft
from normalizer.event import Channel
from tests.connectors.meta.reading import APP, SECRET, VERIFY_TOKEN, reply_to, summary

PAYLOADS = Path(__file__).parents[2] / "payloads" / "meta"
CASES = sorted(PAYLOADS.glob("*/*.json"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_case(file: Path) -> None:
    case = json.loads(file.read_text(encoding="utf-8"))
    body = json.dumps(case["body"]).encode()
    reply = reply_to(body)

    assert [summary(item) for item in reply.items] == case["expect"]["items"]
    assert reply.ignored == case["expect"].get("ignored")
    assert (reply.status, reply.body) == (200, b"")
    for item in reply.items:
        assert item.raw
        assert item.raw_media_type == "application/json"
        # Nobody is ever answered where others can read it.
        assert not (isinstance(item, Draft) and item.reply_path and item.reply_path.public)


def test_every_channel_has_cases() -> None:
    found = {
        item["channel"]
        for file in CASES
        for item in json.loads(file.read_text(encoding="utf-8"))["expect"]["items"]
    }
    assert found == {Channel.FACEBOOK, Channel.INSTAGRAM, Channel.WHATSAPP}


def test_what_is_kept_of_a_message_is_its_own_alone() -> None:
    case = json.loads((PAYLOADS / "whatsapp/two-writers.json").read_text(encoding="utf-8"))
    first, second, third = reply_to(json.dumps(case["body"]).encode()).items
    assert b"Sri Rejeki Contoh" in first.raw
    assert b"satu" in first.raw
    for other in (b"Budi Contoh", b"6281200009002", b"dua"):
        assert other not in first.raw
        assert other in second.raw
    assert b'"contact"' not in third.raw
    for raw in (first.raw, second.raw, third.raw):
        kept = json.loads(raw)
        assert kept["object"] == "whatsapp_business_account"
        assert kept["metadata"]["phone_number_id"] == "2001"
        assert SECRET.encode() not in raw
        assert VERIFY_TOKEN.encode() not in raw


def test_the_same_body_twice_gives_the_same_items() -> None:
    for file in CASES:
        body = json.dumps(json.loads(file.read_text(encoding="utf-8"))["body"]).encode()
        assert reply_to(body) == reply_to(body)


def test_ids_of_a_case_differ() -> None:
    """An edit, a reaction or a deletion must not vanish into the item that it is about."""
    for file in CASES:
        items = json.loads(file.read_text(encoding="utf-8"))["expect"]["items"]
        ids = [(one["channel"], one["source_id"]) for one in items if "source_id" in one]
        assert len(ids) == len(set(ids)), file.name


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"7", b'"x"', b"{}", b"[" * 100_000]
)
def test_what_is_no_batch_is_kept_whole(body: bytes) -> None:
    (item,) = reply_to(body).items
    assert not isinstance(item, Draft)
    assert item.raw == body
    assert item.account == APP["name"]


def test_deep_items_are_kept_and_cost_no_neighbour() -> None:
    limit = sys.getrecursionlimit()
    # Step by step: between what can be read and what can be written again lie a few levels.
    for depth in (100, *range(limit - 120, limit + 20)):
        deep = "[" * depth + "]" * depth
        body = (
            '{"object":"page","entry":[{"id":"1001","messaging":[{"sender":{"id":"9001"},'
            f'"message":{{"mid":"m_1","text":"dalam"}},"x":{deep}}},'
            '{"sender":{"id":"9001"},"message":{"mid":"m_2","text":"tetangga"}}]}]}'
        ).encode()
        items = reply_to(body).items
        if len(items) == 1:
            # Deeper than Python reads: all of it is kept, for a person.
            assert items[0].raw == body
        else:
            texts = [item.text_raw for item in items if isinstance(item, Draft)]
            assert texts == ["dalam", "tetangga"]
            assert deep.encode() in items[0].raw.replace(b", ", b",")
