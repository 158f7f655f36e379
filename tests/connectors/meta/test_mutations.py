"""Whatever stands where a message should be: reading never raises, and its neighbours stay."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.meta import whatsapp
from connectors.meta.item import Content
from gateway.contract import Item
from normalizer.draft import Draft, Rejection, RejectionReason
from tests.connectors.meta.reading import reply_to

PAYLOADS = Path(__file__).parents[2] / "payloads" / "meta"
BODIES = [
    json.loads(file.read_text(encoding="utf-8"))["body"] for file in sorted(PAYLOADS.glob("*/*"))
]

_NAMES = ["id", "text", "message", "from", "type", "mid", "timestamp", "attachments", "value"]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)

#: A list of items in a body, and how to make a good one of a text.
_DM = {"sender": {"id": "9009"}, "recipient": {"id": "1001"}, "timestamp": 1772413200000}
GOOD: Mapping[str, Callable[[str], dict[str, object]]] = {
    "messaging": lambda text: {**_DM, "message": {"mid": f"m_{text}", "text": text}},
    "standby": lambda text: {**_DM, "message": {"mid": f"m_{text}", "text": text}},
    "messages": lambda text: {
        "from": "6281200009009",
        "id": f"wamid.{text}",
        "timestamp": "1772413200",
        "type": "text",
        "text": {"body": text},
    },
}


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The place of everything in a tree."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(each for key, one in inside for each in _paths(one, (*path, key)))]


def _at(tree: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _mutate(data: st.DataObject, tree: Any, below: tuple[str | int, ...]) -> None:
    """One to three changes somewhere below a place: junk instead, gone, twice, nested in itself."""
    for _ in range(data.draw(st.integers(1, 3))):
        paths = [path for path in _paths(_at(tree, below)) if path]
        if not paths:
            return
        *parents, key = data.draw(st.sampled_from(paths))
        parent = _at(tree, (*below, *parents))
        kind = data.draw(st.sampled_from(("junk", "gone", "wrapped", "text")))
        if kind == "gone":
            del parent[key]
        elif kind == "wrapped":
            parent[key] = [parent[key]]
        elif kind == "text":
            parent[key] = json.dumps(parent[key])
        else:
            parent[key] = data.draw(JUNK)


def _fine(items: tuple[Item, ...]) -> None:
    for item in items:
        assert isinstance(item, Draft | Rejection)
        # What our reading chokes on is kept too; but it should not choke.
        if isinstance(item, Rejection):
            assert item.reason is not RejectionReason.CONNECTOR_FAILED
        shown: list[str | None] = [item.account, item.source_id]
        if isinstance(item, Draft):
            shown += [item.text_raw, item.sender.address, item.sender.name, item.landmark]
            shown += [one.media_id for one in item.attachments]
            assert item.submitted_at is None or item.submitted_at.utcoffset() is not None
        for text in shown:
            # What cannot be encoded could never be sealed: such an item would block its source.
            assert text is None or text.encode("utf-8") is not None


@given(st.data(), st.sampled_from(BODIES))
@settings(max_examples=400, deadline=None)
def test_a_changed_body_is_read(data: st.DataObject, body: Any) -> None:
    tree = copy.deepcopy(body)
    _mutate(data, tree, ())
    reply = reply_to(json.dumps(tree).encode())
    assert reply.status == 200
    _fine(reply.items)


@given(st.data(), st.sampled_from(BODIES))
@settings(max_examples=400, deadline=None)
def test_a_changed_item_costs_no_neighbour(data: st.DataObject, body: Any) -> None:
    tree = copy.deepcopy(body)
    lists = [
        path
        for path in _paths(tree)
        if path and path[-1] in GOOD and isinstance(_at(tree, path), list)
    ]
    if not lists:
        return
    path = data.draw(st.sampled_from(lists))
    items = _at(tree, path)
    if not items:
        return
    chosen = data.draw(st.integers(0, len(items) - 1))
    make = GOOD[str(path[-1])]
    items[chosen : chosen + 1] = [make("sebelum"), items[chosen], make("sesudah")]
    alone = {_key(item) for item in reply_to(json.dumps(tree).encode()).items}
    _mutate(data, tree, (*path, chosen + 1))

    found = reply_to(json.dumps(tree).encode()).items
    _fine(found)
    texts = [item.text_raw for item in found if isinstance(item, Draft)]
    assert texts.count("sebelum") >= 1
    assert texts.count("sesudah") >= 1
    # All others are as they were: at most the changed one is missing.
    assert len(alone - {_key(item) for item in found}) <= 1


@given(st.sampled_from(sorted(GOOD)), JUNK)
@settings(max_examples=200, deadline=None)
def test_every_good_item_beside_junk_is_kept(name: str, junk: Any) -> None:
    make = GOOD[name]
    items = [make("satu"), junk, make("dua")]
    if name == "messages":
        value = {"metadata": {"phone_number_id": "2001"}, "messages": items, "contacts": junk}
        entry = {"id": "102", "changes": [{"field": "messages", "value": value}, junk]}
        body = {"object": "whatsapp_business_account", "entry": [junk, entry]}
    else:
        body = {"object": "page", "entry": [junk, {"id": "1001", "time": junk, name: items}]}
    found = reply_to(json.dumps(body).encode()).items
    _fine(found)
    texts = [item.text_raw for item in found if isinstance(item, Draft)]
    assert {"satu", "dua"} <= set(texts)


def _key(item: Item) -> bytes:
    return item.raw


def test_a_fault_of_ours_costs_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(fields: Mapping[str, Any], _: object) -> Content:
        if fields["id"] == "wamid.dua":
            raise ZeroDivisionError("isi pesan")
        return Content(text="baik")

    monkeypatch.setattr(whatsapp, "content_of", fails)
    value = {"messages": [GOOD["messages"](text) for text in ("satu", "dua", "tiga")]}
    entry = {"id": "102", "changes": [{"field": "messages", "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    first, second, third = reply_to(json.dumps(body).encode()).items
    assert isinstance(first, Draft)
    assert isinstance(third, Draft)
    assert isinstance(second, Rejection)
    assert second.reason is RejectionReason.CONNECTOR_FAILED
    assert b"wamid.dua" in second.raw
