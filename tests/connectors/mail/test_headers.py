"""Header fields, parameters and charsets, as they are really written."""

from datetime import UTC, datetime

import pytest

from connectors.mail.charsets import decode
from connectors.mail.headers import (
    bare_address,
    decode_field,
    first_person,
    message_ids,
    parse_date,
)
from connectors.mail.parameters import parse_structured


def from_wire(value: bytes) -> str:
    """As the standard library's parser hands a field out."""
    return value.decode("ascii", "surrogateescape")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"Jalan rusak", "Jalan rusak"),
        (b"=?utf-8?q?caf=C3=A9_=F0=9F=98=A1?=", "café 😡"),
        (b"=?ISO-8859-1?Q?Fouch=E9?= setuju", "Fouché setuju"),
        # One letter cut in two: the words are joined before they are decoded.
        (b"=?utf-8?B?ww==?= =?utf-8?B?qQ==?=", "é"),
        (b"=?utf-8?q?jalan_?=\r\n =?utf-8?q?rusak?=", "jalan rusak"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        (b"=?NONE?B?VEVTVA=?=", "TEST"),
        (b"=?utf-8*id?q?halo?=", "halo"),
        (b"=?utf-8?B?!!!!?=", ""),
        (b"=?utf-8?x?aneh?=", "=?utf-8?x?aneh?="),
        (b"GA.com\x99 \x93kutip\x94", "GA.com™ “kutip”"),
        (b"S\xc3\xa4ying", "Säying"),
        (b"baris\r\n\tkedua", "baris kedua"),
        (b"", ""),
    ],
)
def test_a_subject(field: bytes, text: str) -> None:
    assert decode_field(from_wire(field)) == text


@pytest.mark.parametrize(
    ("field", "name", "address"),
    [
        ("Sri Contoh <sri@contoh.example>", "Sri Contoh", "sri@contoh.example"),
        ('"Contoh, Sri" <sri@contoh.example>, x@y.example', "Contoh, Sri", "sri@contoh.example"),
        ("sri@contoh.example (Sri Contoh)", "Sri Contoh", "sri@contoh.example"),
        ("sri@contoh.example", None, "sri@contoh.example"),
        ("a@contoh.example b@contoh.example", None, "a@contoh.example"),
        ("=?utf-8?q?Sri_=C3=A9?= <sri@contoh.example>", "Sri é", "sri@contoh.example"),
        ("Jöhn <jö@mächine.example>", "Jöhn", "jö@mächine.example"),
        ("<sri@@contoh.example>", None, "sri@@contoh.example"),
        ("Sri Contoh", "Sri Contoh", None),
        ("Sri <>", "Sri <>", None),
        ("", None, None),
    ],
)
def test_a_sender(field: str, name: str | None, address: str | None) -> None:
    assert first_person(field) == (name, address)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("sri@contoh.example", True),
        ("sri.contoh+desa@sub.contoh.example", True),
        ("sri@localhost", True),
        ("sri@@contoh.example", False),
        ("sri contoh@contoh.example", False),
        ("sri@[127.0.0.1]", False),
        ("sri@contoh..example", False),
        ("@contoh.example", False),
        ("sri@", False),
        ("sri@contoh.example\r\nBcc: x@y.example", False),
        (f"{'a' * 65}@contoh.example", False),
    ],
)
def test_an_address_that_can_be_answered(address: str, good: bool) -> None:
    assert (bare_address(address) == address) is good


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("<a@b.example>", ["<a@b.example>"]),
        ("<a@b.example>\r\n <c@d.example>", ["<a@b.example>", "<c@d.example>"]),
        ("a@b.example", ["<a@b.example>"]),
        ("<d3b8@0c2@f47@contoh.example>", ["<d3b8@0c2@f47@contoh.example>"]),
        ("<p05@[207.202.136.216]>", ["<p05@[207.202.136.216]>"]),
        ("<a1b2c3d4e5f6>", ["<a1b2c3d4e5f6>"]),
        ("<pendek>", []),
        ("<@b.example>", []),
        (f"<{'a' * 300}@b.example>", []),
        ("tidak ada", []),
        ("", []),
    ],
)
def test_message_ids(field: str, ids: list[str]) -> None:
    assert message_ids(field) == ids


@pytest.mark.parametrize(
    ("field", "moment"),
    [
        ("Mon, 02 Mar 2026 08:15:30 +0700", datetime(2026, 3, 2, 1, 15, 30, tzinfo=UTC)),
        ("2 Mar 2026 08:15 -0000", datetime(2026, 3, 2, 8, 15, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 08:15:30", datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)),
        ("Pn, 29 paX 2007 21:13:00 +0100", None),
        ("Mon, 31 Feb 2026 08:15:30 +0700", None),
        ("Mon, 02 Mar 0000 08:15:30 +9999", None),
        ("kemarin", None),
        ("", None),
    ],
)
def test_a_date(field: str, moment: datetime | None) -> None:
    assert parse_date(field) == moment


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        ("Text/Plain; charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('text/plain ; charset="us\\-ascii" ; x', "text/plain", {"charset": "us-ascii"}),
        ("a/b; boundary=----=_Part;x=1", "a/b", {"boundary": "----=_Part", "x": "1"}),
        ("attachment; filename*=utf-8''%e2%82%ac.txt", "attachment", {"filename": "€.txt"}),
        ("a/b; name*1=dua; name*0*=iso-8859-1'id'sat%E9-", "a/b", {"name": "saté-dua"}),
        ('a/b; name="=?utf-8?q?=C3=A9=2Epdf?="', "a/b", {"name": "é.pdf"}),
        ("a/b; name=x; name*=utf-8''y", "a/b", {"name": "y"}),
        ("a/b; name=%00", "a/b", {"name": "%00"}),
        ("", "", {}),
    ],
)
def test_a_structured_field(field: str, value: str, parameters: dict[str, str]) -> None:
    found = parse_structured(field)
    assert found.value == value
    assert dict(found.parameters) == parameters


@pytest.mark.parametrize(
    ("data", "declared", "text", "charset"),
    [
        ("é".encode(), "utf-8", "é", "utf-8"),
        ("é".encode(), "us-ascii", "é", "utf-8"),
        ("é".encode(), None, "é", "utf-8"),
        (b"caf\xe9 \x96", None, "café –", "windows-1252"),
        (b"caf\xe9 \x96", "iso-8859-1", "café –", "windows-1252"),
        (b"caf\xe9", "utf-8", "café", "windows-1252"),
        ("スミ".encode("shift_jis"), "shift_jis", "スミ", "cp932"),
        ("스티해".encode("cp949"), "ks_c_5601-1987", "스티해", "cp949"),
        ("中".encode("gb18030"), '"gb2312"', "中", "gb18030"),
        ("é".encode("utf-16"), None, "é", "utf-16"),
        (b"halo", "x-unknown", "halo", "utf-8"),
        (b"halo", "base64", "halo", "utf-8"),
        (b"halo", "unicode_escape", "halo", "utf-8"),
        (b"halo", "utf-8\x00", "halo", "utf-8"),
        # One damaged letter does not make another charset of a long text.
        ("ꦗꦮ “rusak” ".encode() * 20 + b"\xe2", "utf-8", "ꦗꦮ “rusak” " * 20 + "\ufffd", "utf-8"),
        (b"", None, "", "utf-8"),
    ],
)
def test_a_charset(data: bytes, declared: str | None, text: str, charset: str) -> None:
    found = decode(data, declared)
    assert (found.text, found.charset) == (text, charset)


def test_every_byte_becomes_some_text() -> None:
    data = bytes(range(256))
    assert len(decode(data).text) > 0
    assert decode(data) == decode(data)
