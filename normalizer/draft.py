"""The draft: one item exactly as the platform sent it, before anything is decided about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from normalizer.event import (
    Channel,
    Classification,
    Relation,
    ReporterStatus,
    TimePrecision,
)


class SenderKind(StrEnum):
    """What kind of address the platform gave; it decides how the reporter key is made."""

    PHONE = "phone"
    EMAIL = "email"
    HANDLE = "handle"
    NONE = "none"


class RejectionReason(StrEnum):
    """Why an item is kept aside instead of becoming an event. The closed list operators see."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    NOT_A_COMPLAINT = "not_a_complaint"
    CONNECTOR_FAILED = "connector_failed"
    NORMALIZER_FAILED = "normalizer_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the platform says it is from. All of it ends up in the sealed part, nowhere else."""

    kind: SenderKind = SenderKind.NONE
    #: The number, mail address or handle as the platform wrote it.
    address: str | None = None
    name: str | None = None
    postal_address: str | None = None
    nik: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftAttachment:
    """An attachment known by reference; its bytes are fetched later."""

    media_type: str
    media_id: str
    size_bytes: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """The platform's own name of an earlier item on the same channel and account."""

    source_id: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One item exactly as the platform sent it; the only thing a connector may produce.

    ``raw`` are the bytes this one item arrived in (of a batch: its own piece). Times are aware UTC.
    ``account`` names which of *our* addresses received it (short code, mailbox, box id).
    """

    channel: Channel
    account: str
    raw: bytes
    raw_media_type: str = "application/octet-stream"
    #: The platform's own id of the item. None if it gives none: the id is then computed.
    source_id: str | None = None
    #: None when the item carries no text at all (a photo without caption).
    text_raw: str | None = None
    title_raw: str | None = None
    #: Which decoding turned bytes into ``text_raw`` (``gsm7``, ``utf-16-be``, ``utf-8``, ...).
    decoding: str | None = None
    sender: Sender = field(default_factory=Sender)
    #: What a clerk wrote down. None: known when the sender has an address or a name, else unknown.
    reporter_status: ReporterStatus | None = None
    submitted_at: datetime | None = None
    submitted_precision: TimePrecision = TimePrecision.UNKNOWN
    captured_at: datetime | None = None
    #: When it reached the office, if that was before it came in here (a box opened on an earlier
    #: day). None: the moment of intake.
    received_at: datetime | None = None
    entered_by: str | None = None
    batch: str | None = None
    hide_identity: bool = False
    hide_content: bool = False
    #: A place a person chose, as a region code; it is believed and not guessed again.
    place_code: str | None = None
    landmark: str | None = None
    coordinates: tuple[float, float] | None = None
    #: A class a person chose; it is believed.
    classification: Classification | None = None
    attachments: tuple[DraftAttachment, ...] = ()
    relates_to: SourceRef | None = None
    #: True when this item is known to stand in LAPOR already (1708 is a national number).
    already_in_lapor: bool = False
    lapor_tracking_id: str | None = None
    #: True when parts of the item never came (a long SMS with a missing part).
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An item that is no complaint or cannot be read. It is kept, sealed, and never lost."""

    channel: Channel
    account: str
    reason: RejectionReason
    raw: bytes
    raw_media_type: str = "application/octet-stream"
    source_id: str | None = None
