"""Header fields as mail programs really write them. Pure, linear in time, and never raising."""

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.mail.charsets import decode

#: Longer ones are no subjects and no names; what is cut stands in the original.
_MAX_CHARS = 10_000
#: A References field grows with the thread; the first and the last ids are those that matter.
_MAX_REFERENCES_CHARS = 50_000
_MAX_ADDRESS_CHARS = 2_000
#: RFC 5322 allows 998; longer than this is no id that a server would carry back.
_MAX_ID_CHARS = 250
#: Ids without a host part (``<a1b2c3d4e5f6>``) are taken when they can hardly be shared.
_MIN_BARE_ID_CHARS = 14

_FOLD = re.compile(r"[\r\n]+[ \t]*")
_ENCODED = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_QUOTED_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_ANGLED = re.compile(r"<\s*([^<>\s]+@[^<>\s]+?)\s*>")
_BARE = re.compile(r"[^\s<>\"',;:()\[\]]+@[^\s<>\"',;:()\[\]]+")
_MAILABLE = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@(?!-)[^\W_][\w-]*(?:\.[\w-]+)*")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


def header_bytes(value: str) -> bytes:
    """A field of the standard library's parser as the bytes it was."""
    return value.encode("utf-8", "surrogateescape")


def decode_field(value: str) -> str:
    """An unstructured field as text on one line: RFC 2047 words, and bytes that no RFC allows."""
    text = unfold(value)
    return _decode_words(text) if "=?" in text else text


def unfold(value: str) -> str:
    """The field on one line, encoded words as they are."""
    text = decode(header_bytes(value[:_MAX_CHARS])).text
    return _FOLD.sub(" ", text).strip()


def _decode_words(text: str) -> str:
    pieces: list[str] = []
    waiting = b""
    charset = ""
    end = 0
    for match in _ENCODED.finditer(text):
        between = text[end : match.start()]
        # Blanks between two encoded words are no part of the text (RFC 2047, 6.2), and a letter
        # of several bytes may be cut in two by them.
        joined = end > 0 and not between.strip()
        if waiting and not (joined and match[1].lower() == charset):
            pieces.append(decode(waiting, charset).text)
            waiting = b""
        if not joined:
            pieces.append(between)
        charset = match[1].lower()
        waiting += _word_bytes(match[2], match[3])
        end = match.end()
    if waiting:
        pieces.append(decode(waiting, charset).text)
    return "".join((*pieces, text[end:]))


def _word_bytes(encoding: str, word: str) -> bytes:
    data = word.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        data = data.replace(b"_", b" ")
        return _QUOTED_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), data)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(data) % 4 == 1:
        data = data[:-1]
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return word.encode("utf-8", "surrogateescape")


def first_person(value: str) -> tuple[str | None, str | None]:
    """Name and address of the first person in a field such as ``From``; None for what is not
    there. The address stays as it was written."""
    text = unfold(value)[:_MAX_ADDRESS_CHARS]
    found = _ANGLED.search(text)
    address = found[1] if found else None
    if found is None and (bare := _BARE.search(text)):
        found, address = bare, bare[0]
    before = text[: found.start()] if found else text
    name = decode_field(before.strip().rstrip("<").strip(" \t,;"))
    name = name.strip("\"' \t").replace('\\"', '"')
    if not name and found and (comment := re.match(r"\s*\(([^()]*)\)", text[found.end() :])):
        name = decode_field(comment[1]).strip()
    return name or None, address


def bare_address(text: str) -> str | None:
    """The address, when the text is one to which mail can be sent, and nothing else."""
    text = text.strip()
    if len(text) > 254 or _MAILABLE.fullmatch(text) is None or ".." in text:
        return None
    return text


def message_ids(value: str) -> list[str]:
    """The ids in ``Message-ID``, ``In-Reply-To`` or ``References``, in their order."""
    text = _FOLD.sub(" ", decode(header_bytes(value[:_MAX_REFERENCES_CHARS])).text)
    found = _MESSAGE_ID.findall(text)
    if not found:
        found = [f"<{word}>" for word in text.split() if "@" in word.strip("@")]
    return [one for one in found if _plausible_id(one)]


def _plausible_id(message_id: str) -> bool:
    if len(message_id) > _MAX_ID_CHARS or not message_id.isprintable():
        return False
    left, at, right = message_id[1:-1].partition("@")
    return bool(left and right) if at else len(message_id) >= _MIN_BARE_ID_CHARS


def parse_date(value: str) -> datetime | None:
    """A ``Date`` in UTC; None when it is none. Minus zero says UTC of an unknown zone."""
    try:
        moment = parsedate_to_datetime(unfold(value)[:200])
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
