"""Bytes to text when the declared charset may be missing, unknown or wrong.

Always the same order, so that a mail read twice reads the same: what is declared; UTF-8; what is
declared, with a few damaged places; Windows-1252; and a guess only for what is none of these.
"""

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
#: Names that mean "I do not know".
_UNKNOWN = frozenset({"unknown", "unknown-8bit", "x-unknown", "default", "none", "binary", "8bit"})
#: What is declared, and what is meant: the larger sets hold the smaller ones.
_MEANT = {
    "ascii": "windows-1252",
    "us-ascii": "windows-1252",
    "iso-8859-1": "windows-1252",
    "latin1": "windows-1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "utf8mb4": "utf-8",
}
#: Codecs of Python that are no charsets of mails.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
#: Up to this share of unreadable characters, it is damage and not another charset.
_DAMAGE = 1 / 20
#: Enough to tell charsets apart; the guess costs time by length.
_GUESSED_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and the charset that it was read in."""

    text: str
    charset: str


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of any bytes; never raises."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(data) % 2 == 0:
        return Decoded(data.decode("utf-16", "replace"), "utf-16")
    charset = known_charset(declared)
    # UTF-8 by chance is so unlikely that it goes before the charsets that take every byte.
    if charset in (None, "utf-8", "windows-1252") and (text := _strict(data, "utf-8")) is not None:
        return Decoded(text, "utf-8")
    if charset is not None and (text := _strict(data, charset)) is not None:
        return Decoded(text, charset)
    if (text := _strict(data, "utf-8")) is not None:
        return Decoded(text, "utf-8")
    for candidate in (charset, "utf-8"):
        if candidate is not None and (text := _damaged(data, candidate)) is not None:
            return Decoded(text, candidate)
    if (text := _strict(data, "windows-1252")) is not None:
        return Decoded(text, "windows-1252")
    return _guess(data)


def known_charset(declared: str | None) -> str | None:
    """The charset that a declaration means; None when it means nothing."""
    name = (declared or "").strip().strip("\"'").lower()
    if _NAME.fullmatch(name) is None or name in _UNKNOWN:
        return None
    name = _MEANT.get(name, name)
    try:
        found = codecs.lookup(name)
    except LookupError:
        return None
    if found.name.replace("-", "_") in _NO_CHARSETS or not getattr(
        found, "_is_text_encoding", True
    ):
        return None
    return _MEANT.get(found.name, "windows-1252" if found.name == "cp1252" else found.name)


def _strict(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except (UnicodeError, ValueError):
        return None


def _damaged(data: bytes, charset: str) -> str | None:
    try:
        text = data.decode(charset, "replace")
    except (UnicodeError, ValueError):
        return None
    broken = text.count("\ufffd")
    foreign = sum(1 for character in text if character > "\x7f") - broken
    # Many letters of a Latin charset between ASCII are not damaged UTF-8.
    return text if broken <= len(text) * _DAMAGE and foreign > broken else None


def _guess(data: bytes) -> Decoded:
    best = from_bytes(data[:_GUESSED_BYTES]).best()
    if best is not None and (text := _strict(data, best.encoding)) is not None:
        return Decoded(text, best.encoding)
    return Decoded(data.decode("iso-8859-1"), "iso-8859-1")
