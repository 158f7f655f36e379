"""Bytes to text: the alphabets, and operators who declare one and send another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sms.encoding import decode, decode_gsm7, decode_ucs2, encode_gsm7, smpp_charset

# Written here a second time, from the standard, by code point.
GSM7_SAMPLES = {
    0x00: "@", 0x01: "£", 0x02: "$", 0x05: "é", 0x09: "Ç", 0x0A: "\n", 0x0D: "\r", 0x10: "Δ",
    0x11: "_", 0x12: "Φ", 0x1A: "Ξ", 0x1C: "Æ", 0x1E: "ß", 0x1F: "É", 0x20: " ", 0x24: "¤",
    0x27: "'", 0x3F: "?", 0x40: "¡", 0x41: "A", 0x5A: "Z", 0x5B: "Ä", 0x5F: "§", 0x60: "¿",
    0x61: "a", 0x7A: "z", 0x7B: "ä", 0x7F: "à",
}  # fmt: skip
EXTENSIONS = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]",
    0x40: "|", 0x65: "€",
}  # fmt: skip


@pytest.mark.parametrize(("septet", "char"), GSM7_SAMPLES.items())
def test_gsm7_default_alphabet(septet: int, char: str) -> None:
    assert decode_gsm7(bytes([septet])).text == char


@pytest.mark.parametrize(("septet", "char"), EXTENSIONS.items())
def test_gsm7_extension(septet: int, char: str) -> None:
    assert decode_gsm7(bytes([0x61, 0x1B, septet, 0x62])).text == f"a{char}b"


def test_gsm7_escapes_that_lead_nowhere() -> None:
    assert decode_gsm7(b"\x1bA\x1b\x1bB\x1b").text == "A B"


@given(st.binary(max_size=200).map(lambda data: bytes(byte & 0x7F for byte in data)))
def test_gsm7_takes_every_septet(data: bytes) -> None:
    decoded = decode_gsm7(data)
    assert decoded.decoding == "gsm7"
    assert len(decoded.text) <= len(data)


# Without a blank or a sign, Chinese can be what UTF-8 can be: that is the price, and known.
REAL_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80).map(lambda t: t + " ")


@given(REAL_TEXT)
def test_ucs2_with_a_blank_is_always_read_back(text: str) -> None:
    decoded = decode_ucs2(("." + text).encode("utf-16-be"))
    assert (decoded.text, decoded.decoding) == ("." + text, "utf-16-be")


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=80))
def test_utf8_declared_as_ucs2_is_read_as_utf8(text: str) -> None:
    decoded = decode(text.encode(), smpp_charset(8))
    assert (decoded.text, decoded.decoding) == (text, "utf-8")


@pytest.mark.parametrize(
    ("data", "text", "decoding"),
    [
        (b"\xfe\xff\x00a", "a", "utf-16-be"),
        (b"\xff\xfea\x00", "a", "utf-16-le"),
        (b"\x00a\xd8\x3d", "a\ufffd", "utf-16-be"),
        (b"\x00a\x00", "a\ufffd", "utf-16-be"),
        (b"", "", "utf-8"),
        (b"Jalan rusak", "Jalan rusak", "utf-8"),
        (b"\x4e\x2d\x65\x87\x5b\x57", "中文字", "utf-16-be"),
    ],
)
def test_ucs2_at_its_edges(data: bytes, text: str, decoding: str) -> None:
    decoded = decode_ucs2(data)
    assert (decoded.text, decoded.decoding) == (text, decoding)


@pytest.mark.parametrize(
    ("coding", "decoding"),
    [
        (0, "gsm7"), (1, "utf-8"), (3, "iso-8859-1"), (8, "utf-16-be"), (4, "utf-8"),
        (0x10, "gsm7"), (0x14, "utf-8"), (0x18, "utf-16-be"), (0xF1, "gsm7"), (0xF5, "utf-8"),
        (-1, "utf-8"), (999_999_999, "utf-8"),
    ],
)  # fmt: skip
def test_smpp_codings(coding: int, decoding: str) -> None:
    assert decode(b"\x00a", smpp_charset(coding)).decoding == decoding


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("UTF-8", "é".encode(), "é"),
        ('"iso-8859-1"', b"\xe9", "é"),
        ("ISO-8859-1", b"\x93a\x94", "“a”"),
        ("latin1", b"\x81\xe9", "\x81é"),
        ("ISO-8859-15", b"\xa4", "€"),
        ("UTF-16BE", b"\x00a\x00b", "ab"),
        ("UTF16-BE", b"\x00a\x00b", "ab"),
        ("GSM", b"\x00", "@"),
        ("us-ascii", "é".encode(), "é"),
        ("utf-8", b"caf\xe9", "café"),
        (None, b"caf\xe9", "café"),
        (None, "é".encode() + b"\xff", "é\ufffd"),
        ("idna", b"a", "a"),
    ],
)
def test_declared_charsets(label: str | None, data: bytes, text: str) -> None:
    assert decode(data, label).text == text


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=20)), st.integers())
def test_no_bytes_and_no_declaration_raise(data: bytes, label: str | None, coding: int) -> None:
    for decoded in (decode(data, label), decode(data, smpp_charset(coding)), decode_ucs2(data)):
        decoded.text.encode("utf-8")


@given(st.binary(max_size=50).map(lambda data: decode_gsm7(data).text))
def test_what_gsm7_says_it_can_write(text: str) -> None:
    written = encode_gsm7(text)
    assert written is None or decode_gsm7(written).text == text


@pytest.mark.parametrize(
    ("text", "data"),
    [("@ {5€}", b"\x00 \x1b(5\x1be\x1b)"), ("", b""), ("“a”", None), ("😡", None), ("\x1b", None)],
)
def test_gsm7_written(text: str, data: bytes | None) -> None:
    assert encode_gsm7(text) == data
