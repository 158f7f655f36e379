"""From the bytes of a short message to its text.

Every function takes any bytes, never raises, and says which decoding it came to. What operators
declare is a hint: text that is plainly something else is read as what it is.
"""

from dataclasses import dataclass
from typing import Final

_DEFAULT_ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_ESCAPE: Final = 0x1B
_SEPTETS: Final = {
    char: bytes([septet]) for septet, char in enumerate(_DEFAULT_ALPHABET) if septet != _ESCAPE
} | {char: bytes([_ESCAPE, septet]) for septet, char in _EXTENSION.items()}

#: What gateways call the charsets that occur. A closed list: Python's own would also take
#: ``punycode`` or ``unicode_escape``, which are no charsets of an SMS.
_LABELS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "windows-1252": "iso-8859-1",
    "cp1252": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16-be",
    "utf-16be": "utf-16-be",
    "utf-16-be": "utf-16-be",
    "utf16-be": "utf-16-be",
    "ucs-2": "utf-16-be",
    "ucs2": "utf-16-be",
    "utf-16le": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "gsm": "gsm7",
    "gsm7": "gsm7",
    "gsm-7": "gsm7",
    "json": "json",
}
#: SMPP 3.4, 5.2.19: data codings that name a charset. 0 is the operator's own default.
_SMPP_CODINGS: Final = {1: "utf-8", 3: "iso-8859-1", 8: "utf-16-be"}
#: GSM 03.38, 4: the two alphabet bits as data codings (default, 8-bit, UCS-2, reserved).
_SCHEME_ALPHABETS: Final = (0, 4, 8, 0)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text without lone surrogates, and the name of the decoding that made it."""

    text: str
    decoding: str


def charset_name(label: str | None) -> str:
    """What we call a declared charset; empty when it is absent or unknown."""
    return _LABELS.get((label or "").strip().strip("\"'").lower(), "")


def json_data(text: str) -> bytes:
    """A string out of a JSON document as the bytes that ``decode`` takes under ``json``.

    Its escapes may name half of an emoji, the other half of which stands in another message.
    """
    return text.encode("utf-16-le", "surrogatepass")


def decode(data: bytes, charset: str | None = None) -> Decoded:
    """Bytes under a declared charset; an absent, unknown or impossible one is found out."""
    name = charset_name(charset)
    if name == "utf-16-be":
        return decode_ucs2(data)
    if name == "gsm7":
        return decode_gsm7(data)
    if name == "iso-8859-1":
        return _western(data)
    if name in ("utf-16-le", "iso-8859-15"):
        return Decoded(data.decode(name, "replace"), name)
    if name == "json":
        return Decoded(data.decode("utf-16-le", "replace"), name)
    return _detect(data)


def smpp_charset(coding: int, default: str = "gsm7") -> str:
    """The charset of an SMPP ``data_coding``; ``default`` is what 0 stands for. Empty: unknown.

    Values from 16 to 255 are read as the data coding scheme of GSM 03.38, whose bits tell the
    alphabet beside a message class.
    """
    if 0x10 <= coding <= 0xFF:
        coding = _SCHEME_ALPHABETS[(coding >> 2) & (1 if coding >= 0xF0 else 3)]
    return default if coding == 0 else _SMPP_CODINGS.get(coding, "")


def decode_gsm7(data: bytes) -> Decoded:
    """GSM 03.38, one septet per byte. Bytes above 0x7F prove that it is something else."""
    if any(byte > 0x7F for byte in data):
        return _detect(data)
    text: list[str] = []
    escaped = False
    for byte in data:
        if byte == _ESCAPE and not escaped:
            escaped = True
            continue
        # The standard: an unknown extension is shown as the character of the main table.
        main = " " if byte == _ESCAPE else _DEFAULT_ALPHABET[byte]
        text.append(_EXTENSION.get(byte, main) if escaped else main)
        escaped = False
    return Decoded("".join(text), "gsm7")


def encode_gsm7(text: str) -> bytes | None:
    """The same the other way round; None for a text that has other characters."""
    try:
        return b"".join(_SEPTETS[char] for char in text)
    except KeyError:
        return None


def decode_ucs2(data: bytes) -> Decoded:
    """UTF-16 in network order with surrogate pairs, unless it is plainly UTF-8.

    Real UCS-2 is hardly ever clean UTF-8: its spaces are ``00 20``, Latin, Arabic and Javanese
    have control or continuation bytes, an emoji's ``D8 3D`` is invalid. Only Chinese without
    any space or sign could be taken for it.
    """
    if data[:2] == b"\xff\xfe":
        return Decoded(data[2:].decode("utf-16-le", "replace"), "utf-16-le")
    if _is_clean_utf8(data):
        return Decoded(data.decode("utf-8"), "utf-8")
    return Decoded(data.removeprefix(b"\xfe\xff").decode("utf-16-be", "replace"), "utf-16-be")


def without_surrogates(text: str) -> str:
    """Pairs of surrogates become their character, lone ones U+FFFD: JSON escapes can make both."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _detect(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        if (paired := _paired(data)) is not None:
            return paired
        # With one whole multi-byte character in it, it is UTF-8 that was damaged on the way.
        if any(char > "\x7f" for char in data.decode("utf-8", "ignore")):
            return Decoded(data.decode("utf-8", "replace"), "utf-8-lossy")
        return _western(data)


def _paired(data: bytes) -> Decoded | None:
    """CESU-8: what comes of converters that take the two halves of an emoji one by one."""
    try:
        halves = data.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        return Decoded(halves.decode("utf-16-le"), "cesu-8")
    except UnicodeDecodeError:
        return None


def _western(data: bytes) -> Decoded:
    # Who declares ISO 8859-1 and uses 0x80 to 0x9F means Windows: quotes and dashes of phones.
    if any(0x80 <= byte <= 0x9F for byte in data):
        try:
            return Decoded(data.decode("windows-1252"), "windows-1252")
        except UnicodeDecodeError:
            pass
    return Decoded(data.decode("iso-8859-1"), "iso-8859-1")


def _is_clean_utf8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(char >= " " or char in "\t\n\r" for char in text) and "\x7f" not in text
