"""What a header says about parts, and the text that parts make."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from connectors.sms.joining import Part, join, part_of_fields, part_of_udh
from gateway.contract import Item
from normalizer.draft import Draft, Gathering, Piece
from normalizer.event import ReplyPath
from tests.connectors.sms.accounts import NOW, get, post, route

SENDER = "+6281200009001"


def an_sms(fields: Mapping[str, str], changed: Mapping[str, object] | None = None) -> Item:
    """The item that the generic dialect makes of a part with these fields; empty ones are out."""
    form = {"from": SENDER, "text": "a", "ref": "7", "part": "1", "total": "2", **fields}
    body = urlencode({name: value for name, value in form.items() if value})
    (item,) = route("generic", changed=changed).read(post(body.encode())).items
    return item


def a_part(number: int, data: bytes, coding: str = "utf-8", total: int = 3) -> Piece:
    item = an_sms({"part": str(number), "total": str(total), "text": f"({number})"})
    assert isinstance(item, Piece)
    return replace(item, data=data, coding=coding)


def joined(*parts: Piece) -> Draft:
    complete = len(parts) == parts[0].total
    return join(Gathering(item_id="panjang-1", pieces=parts, complete=complete))


@pytest.mark.parametrize(
    ("udh", "part"),
    [
        ("0500032c0201", Part("44", 8, 1, 2)),
        ("06080401070202", Part("263", 16, 2, 2)),
        # Beside other elements, before or after them.
        ("0924010108040107ff01", Part("263", 16, 1, 255)),
        ("0800032c0201240101", Part("44", 8, 1, 2)),
        # Of two the last counts.
        ("0b00032c0201080401070302", Part("263", 16, 2, 3)),
        # Alone, or impossible: the standard has these passed over.
        ("0500032c0101", None),
        ("0500032c0200", None),
        ("0500032c0203", None),
        ("0500032c0001", None),
        # Cut off, of a wrong length, of another kind, empty.
        ("0500032c02", None),
        ("0600042c020100", None),
        ("0604040b8400", None),
        ("00", None),
        ("", None),
    ],
)
def test_part_of_a_header(udh: str, part: Part | None) -> None:
    assert part_of_udh(bytes.fromhex(udh)) == part


@pytest.mark.parametrize(
    ("told", "part"),
    [
        (("44", "2", "3"), Part("44", 0, 2, 3)),
        ((None, "2", "3"), Part("", 0, 2, 3)),
        (("44", None, "3"), None),
        (("44", "2", None), None),
        (("44", "dua", "3"), None),
        (("44", "2", "256"), None),
        (("44", "0002", "3"), None),
    ],
)
def test_part_of_a_providers_fields(
    told: tuple[str | None, str | None, str | None], part: Part | None
) -> None:
    assert part_of_fields(*told) == part


def test_one_key_for_every_spelling_of_a_sender() -> None:
    keys = {
        item.key
        for sender in ("+6281200009001", "081200009001", "6281200009001", "0812-0000-9001")
        if isinstance(item := an_sms({"from": sender}), Piece)
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    "changed", [{"from": "081200009002"}, {"from": "MTN"}, {"ref": "8"}, {"total": "3"}]
)
def test_another_key_for_another_message(changed: dict[str, str]) -> None:
    one, other = an_sms({}), an_sms(changed)
    assert isinstance(one, Piece)
    assert isinstance(other, Piece)
    assert one.key != other.key


def test_a_width_of_its_own_for_every_kind_of_reference() -> None:
    def of_kannel(udh: str) -> Item:
        query = urlencode({"from": SENDER, "text": "a", "udh": bytes.fromhex(udh)})
        (item,) = route("kannel", "GET").read(get(query)).items
        return item

    found = [of_kannel("050003070201"), of_kannel("06080400070201"), an_sms({})]
    assert len({item.key for item in found if isinstance(item, Piece)}) == 3


@pytest.mark.parametrize(
    "changed", [{"from": ""}, {"ref": ""}, {"part": "0"}, {"part": "3"}], ids=str
)
def test_a_part_that_cannot_be_placed_is_kept_at_once(changed: dict[str, str]) -> None:
    item = an_sms(changed)
    assert isinstance(item, Draft)
    assert item.incomplete
    assert item.text_raw == "a"


def test_the_wait_is_a_setting() -> None:
    item = an_sms({}, {"join_wait_seconds": 30})
    assert isinstance(item, Piece)
    assert item.wait_seconds == 30
    assert (item.number, item.total, item.item_id) == (1, 2, None)


def test_numbers_are_answered_and_names_are_not() -> None:
    def reply_path(sender: str) -> ReplyPath | None:
        item = an_sms({"total": "1", "from": sender})
        assert isinstance(item, Draft)
        return item.reply_path

    assert reply_path("0812-0000-9001") == ReplyPath(address=SENDER)
    assert reply_path("INFO-BANK") is None
    assert reply_path("1708") is None


def test_cut_inside_an_emoji() -> None:
    data = "😡 ꦗꦮ".encode("utf-16-be")
    draft = joined(
        a_part(1, data[:2], "utf-16-be"),
        a_part(2, data[2:7], "utf-16-be"),
        a_part(3, data[7:], "utf-16-be"),
    )
    assert (draft.text_raw, draft.decoding, draft.incomplete) == ("😡 ꦗꦮ", "utf-16-be", False)


def test_cut_between_an_escape_and_its_character() -> None:
    draft = joined(a_part(1, b"10 \x1b", "gsm7"), a_part(2, b"e ", "gsm7"), a_part(3, b"ok"))
    assert (draft.text_raw, draft.decoding) == ("10 € ok", "gsm7+utf-8")


def test_cut_inside_a_json_escape() -> None:
    asked = route("generic")
    listed = rb'[{"from":"%s","text":"\ud83d","ref":1,"part":1,"total":2},' % SENDER.encode()
    listed += rb'{"from":"%s","text":"\ude21!","ref":1,"part":2,"total":2}]' % SENDER.encode()
    parts = asked.read(post(listed, "application/json")).items
    pieces = tuple(part for part in parts if isinstance(part, Piece))
    assert [piece.draft.text_raw for piece in pieces] == ["\ufffd", "\ufffd!"]
    assert joined(*pieces).text_raw == "😡!"


def test_cut_by_a_converter_that_knows_no_pairs() -> None:
    draft = joined(a_part(1, b"a\xed\xa0\xbd", ""), a_part(2, b"\xed\xb8\xa1", ""), a_part(3, b""))
    assert draft.text_raw == "a😡"


def test_recoded_part_by_part() -> None:
    draft = joined(
        a_part(1, b"caf\xe9 ", "iso-8859-1"), a_part(2, "“é” ".encode()), a_part(3, b"\xe9", "")
    )
    assert draft.text_raw == "café “é” é"
    assert draft.decoding == "iso-8859-1+utf-8"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1, 2, 3, 4), "(1)(2)(3)(4)"),
        ((2,), "[…] (2) […]"),
        ((1, 4), "(1) […] (4)"),
        ((3, 4), "[…] (3)(4)"),
        ((1, 2), "(1)(2) […]"),
    ],
)
def test_gaps_are_seen(numbers: tuple[int, ...], text: str) -> None:
    draft = joined(*(a_part(number, b"(%d)" % number, total=4) for number in numbers))
    assert draft.text_raw == text
    assert draft.incomplete is (len(numbers) < 4)


def test_what_is_kept_of_the_parts() -> None:
    parts = [a_part(number, b"\x00%d" % number, "utf-16-be") for number in (1, 2, 3)]
    broken = replace(parts[2], draft=replace(parts[2].draft, raw=b"\xff", submitted_at=NOW))
    earlier = replace(parts[1].draft, submitted_at=NOW - timedelta(seconds=2))
    draft = joined(parts[0], replace(parts[1], draft=earlier), broken)
    assert draft.source_id == "panjang-1"
    assert draft.submitted_at == NOW - timedelta(seconds=2)
    assert draft.reply_path == ReplyPath(address=SENDER)
    assert draft.sender.address == SENDER
    kept = json.loads(draft.raw)
    assert [(one["part"], one["of"], one["decoding"]) for one in kept] == [
        (number, 3, "utf-16-be") for number in (1, 2, 3)
    ]
    assert kept[0]["raw"].encode() == parts[0].raw
    assert (kept[2]["raw"], kept[2]["raw_encoding"]) == ("/w==", "base64")
    assert kept[0]["media_type"] == "application/x-www-form-urlencoded"
