"""The draft: one item exactly as the platform sent it, before anything is decided about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from normalizer.event import (
    Awaits,
    Channel,
    Classification,
    Exclusion,
    Relation,
    ReplyPath,
    ReporterStatus,
    SourceNumber,
    TimePrecision,
    Withheld,
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
    #: Larger than what is taken; it stays where it is (on the mail server).
    TOO_LARGE = "too_large"
    NOT_A_COMPLAINT = "not_a_complaint"
    #: A report that a mail could not be delivered.
    BOUNCE = "bounce"
    #: Something that we sent ourselves and that came back.
    OWN_MESSAGE = "own_message"
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
    """An attachment: known by reference and fetched later, or brought along in ``content``.

    The connector sets the first five fields; the door stores ``content`` and sets the rest.
    """

    #: What the platform declares; not believed.
    media_type: str
    #: The platform's id or URL; of one that is brought along its place in the item (``part:2``).
    media_id: str
    size_bytes: int | None = None
    name: str | None = None
    content: bytes | None = field(default=None, repr=False)
    sha256: str | None = None
    copy_sha256: str | None = None
    withheld: Withheld | None = None


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
    #: Why this is no complaint, where the channel can tell.
    exclusion: Exclusion | None = None
    awaits: Awaits | None = None
    #: How an answer reaches the sender; None: it is never answered.
    reply_path: ReplyPath | None = field(default=None, repr=False)
    #: Set by the door when ``raw`` was too large for a record and is stored as a blob.
    raw_sha256: str | None = None
    #: The numbers that the source gave it (update id, UID); of joined pieces, those of all.
    source_numbers: tuple[SourceNumber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An item that is no complaint or cannot be read. It is kept, sealed, and never lost."""

    channel: Channel
    account: str
    reason: RejectionReason
    raw: bytes
    raw_media_type: str = "application/octet-stream"
    source_id: str | None = None
    #: See ``Draft.raw_sha256``.
    raw_sha256: str | None = None
    source_numbers: tuple[SourceNumber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of an item whose other pieces come on their own: long SMS, album, events of a call.

    The door keeps pieces durably until the item is whole, or ``wait_seconds`` are over, and then
    lets the channel join them (``gateway.contract.Joins``).
    """

    #: This piece as if it were alone.
    draft: Draft
    #: The same for all pieces of one item and no other item of this channel and account.
    key: str
    #: Which piece it is. The same number with the same content again is a repeat.
    number: int
    #: How many there are; None when the platform does not tell.
    total: int | None = None
    #: How long to wait for the others, counted from the first piece on. With ``restarts`` it is
    #: counted from the latest piece, and the piece with the highest number says how long: a call's
    #: late "started" does not reopen a call that has ended.
    wait_seconds: float
    restarts: bool = False
    #: The platform's id of the whole item. None: the store makes one.
    item_id: str | None = None
    #: What is joined before decoding (user data of an SMS), and how it is to be decoded.
    data: bytes = field(default=b"", repr=False)
    coding: str = ""

    @property
    def channel(self) -> Channel:
        """Of its draft."""
        return self.draft.channel

    @property
    def account(self) -> str:
        """Of its draft."""
        return self.draft.account

    @property
    def source_id(self) -> str | None:
        """Of its draft."""
        return self.draft.source_id

    @property
    def raw(self) -> bytes:
        """Of its draft."""
        return self.draft.raw

    @property
    def raw_media_type(self) -> str:
        """Of its draft."""
        return self.draft.raw_media_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """The pieces of one item, sorted by number, each number once."""

    item_id: str
    pieces: tuple[Piece, ...]
    #: False when the waiting ended before all pieces had come.
    complete: bool
