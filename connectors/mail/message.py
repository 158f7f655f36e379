"""Bytes to a tree of parts, in bounded time and memory, whatever the bytes are."""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

#: More than this many lines or parts are no mail of a person, and the parser of the standard
#: library needs a thousand bytes of memory for each.
_MAX_LINES = 1_500_000
_MAX_PARTS = 10_000
#: It compares every line with the boundary of every part around it.
_MAX_COMPARISONS = 20_000_000
#: What is read of a header block; real ones have a few thousand bytes.
MAX_HEADER_BYTES = 256 * 1024

_FIELD = re.compile(rb"(?:[\x21-\x39\x3b-\x7e]+:|[ \t]|From )")
_KNOWN_FIELD = re.compile(
    rb"(?:from|to|date|subject|message-id|mime-version|content-type|received|reply-to):",
    re.IGNORECASE,
)
_END_OF_HEADER = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")


@dataclass(frozen=True, slots=True)
class Mail:
    """An opened mail."""

    root: Message
    #: Not taken apart: too many parts. ``root`` has the header, and the whole rest as its text.
    flat: bool = False

    def fields(self, name: str) -> list[str]:
        """All values of a header field, in their order, undecoded."""
        wanted = name.lower()
        return [str(value) for key, value in self.root.raw_items() if key.lower() == wanted]

    def field(self, name: str) -> str:
        """The first value that is not empty, undecoded; else an empty text."""
        return next((value for value in self.fields(name) if value.strip()), "")


def open_mail(raw: bytes) -> Mail:
    """Take a mail apart. Never raises for what stands in it."""
    mended = _mend_header(raw)
    if _is_sane(mended):
        try:
            # compat32: the newer policies parse each field and raise on what they cannot.
            return Mail(BytesParser(policy=compat32).parsebytes(mended))
        except RecursionError:
            pass
    return _open_flat(mended)


def open_header(raw: bytes) -> Mail:
    """Only the header block; for a mail whose body was not fetched."""
    header = _mend_header(raw[:MAX_HEADER_BYTES])
    return Mail(BytesHeaderParser(policy=compat32).parsebytes(header, headersonly=True), flat=True)


def header_block(raw: bytes) -> bytes:
    """The bytes up to the first empty line, at most as many as are read."""
    end = _END_OF_HEADER.search(raw[:MAX_HEADER_BYTES])
    return raw[: end.end()] if end else raw[:MAX_HEADER_BYTES]


def _is_sane(raw: bytes) -> bool:
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    around = len(re.findall(rb"boundary\s*\*?\s*=", raw, re.IGNORECASE))
    return (
        lines <= _MAX_LINES
        and raw.count(b"\n--") + raw.count(b"\r--") <= _MAX_PARTS
        and around * lines <= _MAX_COMPARISONS
    )


def _open_flat(raw: bytes) -> Mail:
    header = header_block(raw)
    mail = open_header(header)
    mail.root.set_payload(raw[len(header) :].decode("ascii", "surrogateescape"))
    return mail


def _mend_header(raw: bytes) -> bytes:
    """Fold lines that are no field into the one before, when known fields follow them.

    The parser takes the first such line for the end of the header, and with it sender, subject
    and id would be read as text.
    """
    end = _END_OF_HEADER.search(raw[:MAX_HEADER_BYTES])
    if end is None:
        return raw
    lines = re.split(rb"(?<=\n)", raw[: end.start() + 1])
    broken = [index for index, line in enumerate(lines) if line and _FIELD.match(line) is None]
    if not broken or broken[0] == 0:
        return raw
    if not any(_KNOWN_FIELD.match(line) for line in lines[broken[0] :]):
        return raw
    for index in broken:
        lines[index] = b" " + lines[index]
    return b"".join(lines) + raw[end.start() + 1 :]
