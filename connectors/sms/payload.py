"""What the dialects share: fields of forms and queries as bytes, and the way to an item.

Values stay bytes until a dialect knows their charset; a repeated field keeps every value.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_to_bytes

from connectors.sms.encoding import charset_name, decode
from connectors.sms.joining import Part, elements
from connectors.sms.settings import AccountBase
from gateway.contract import WebRequest
from normalizer.draft import (
    Draft,
    DraftAttachment,
    Piece,
    Rejection,
    RejectionReason,
    Sender,
    SenderKind,
)
from normalizer.event import Channel, ReplyPath, TimePrecision
from normalizer.phone import to_e164

FORM = "application/x-www-form-urlencoded"

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]+)", re.ASCII | re.IGNORECASE)
#: A message for a program on the phone (ports): settings, ring tones, never a person's words.
_PORTS = (0x04, 0x05)


@dataclass(frozen=True, slots=True)
class Fields:
    """The pairs of a form or a query, in their order, percent-decoded and nothing more."""

    pairs: tuple[tuple[str, bytes], ...]

    def get(self, *names: str) -> bytes | None:
        """The first value of the first of these names that occurs."""
        for name in names:
            for key, value in self.pairs:
                if key == name:
                    return value
        return None

    def text(self, *names: str) -> str | None:
        """The same as a short string, stripped; None when absent or blank."""
        value = self.get(*names)
        return None if value is None else short_text(value)

    def number(self, name: str) -> int | None:
        """The same as a number of at most 9 digits; None when it is none."""
        value = self.text(name) or ""
        return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else None


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes that are kept beside a draft."""

    data: bytes
    media_type: str


def parse_fields(encoded: bytes) -> Fields:
    """``application/x-www-form-urlencoded`` without any assumption about charsets."""
    pairs = []
    for piece in encoded.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((_unescape(name).decode("utf-8", "backslashreplace"), _unescape(value)))
    return Fields(tuple(pairs))


def query_bytes(request: WebRequest) -> bytes:
    """The query as it came over the wire."""
    return request.query.encode("utf-8", "surrogateescape")


def query_without(request: WebRequest, secret_parameter: str | None) -> bytes:
    """The query without the secret of the address: what is kept must not open the door again."""
    if secret_parameter is None:
        return query_bytes(request)
    pieces = query_bytes(request).split(b"&")
    name = secret_parameter.encode()
    return b"&".join(piece for piece in pieces if _unescape(piece.partition(b"=")[0]) != name)


def form_of(request: WebRequest, secret_parameter: str | None) -> tuple[Fields, Raw]:
    """The fields of a form body; those of the query when there is no body."""
    data = request.body or query_without(request, secret_parameter)
    return parse_fields(data), Raw(data, media_type(request) if request.body else FORM)


def media_type(request: WebRequest) -> str:
    """The declared type of the body without parameters."""
    declared = _MEDIA_TYPE.match(request.headers.get("Content-Type", "").strip())
    return declared[0].lower() if declared else "application/octet-stream"


def declared_charset(request: WebRequest) -> str | None:
    """The charset in the ``Content-Type``."""
    declared = _CHARSET.search(request.headers.get("Content-Type", ""))
    return declared[1] if declared else None


def short_text(value: bytes) -> str | None:
    """An id or a number as a string: different bytes stay different, whatever they are."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("iso-8859-1")
    return text.strip() or None


def is_for_a_program(udh: bytes) -> bool:
    """Whether a user data header addresses a port instead of a reader."""
    return any(element in _PORTS for element, _ in elements(udh))


def to_item(
    account: AccountBase,
    raw: Raw,
    *,
    sender: str | None,
    data: bytes | None,
    coding: str | None,
    source_id: str | None,
    submitted_at: datetime | None = None,
    precision: TimePrecision = TimePrecision.SECOND,
    part: Part | None = None,
    attachments: tuple[DraftAttachment, ...] = (),
    incomplete: bool = False,
) -> Draft | Piece:
    """One message, or one part of a long one. A strange sender stays: the words matter.

    ``data`` are the words before decoding (None: there are none) and ``coding`` their charset, as
    ``encoding.decode`` takes them. A part without sender, reference or possible number cannot be
    told apart from those of other messages: it is kept as one of its own, marked incomplete.
    """
    split = part is not None and part.total > 1
    decoded = None if data is None else decode(data, coding)
    address = to_e164(sender) if sender else None
    draft = Draft(
        channel=Channel.SMS,
        account=account.name,
        raw=raw.data,
        raw_media_type=raw.media_type,
        source_id=source_id,
        text_raw=decoded.text if decoded else None,
        decoding=decoded.decoding if decoded else None,
        sender=Sender(kind=SenderKind.PHONE, address=sender) if sender else Sender(),
        submitted_at=submitted_at,
        submitted_precision=precision if submitted_at else TimePrecision.UNKNOWN,
        attachments=attachments,
        already_in_lapor=account.already_in_lapor,
        incomplete=incomplete or split,
        # Short codes and names such as "MTN" can send and not receive.
        reply_path=ReplyPath(address=address) if address else None,
    )
    if part is None or not split or not sender or not part.is_placed:
        return draft
    return Piece(
        draft=draft,
        key=json.dumps((address or sender.casefold(), part.reference, part.width, part.total)),
        number=part.number,
        total=part.total,
        wait_seconds=account.join_wait_seconds,
        data=data or b"",
        coding=charset_name(coding),
    )


def to_rejection(
    account: AccountBase,
    raw: Raw,
    source_id: str | None = None,
    reason: RejectionReason = RejectionReason.UNREADABLE,
) -> Rejection:
    """An item in which no message can be found; its bytes are kept for a person."""
    return Rejection(
        channel=Channel.SMS,
        account=account.name,
        reason=reason,
        raw=raw.data,
        raw_media_type=raw.media_type,
        source_id=source_id,
    )


def _unescape(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
