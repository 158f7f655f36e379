"""``ComplaintEvent`` v1: what stands on the log for one complaint, and its way to and from bytes.

The wire shape only grows: a field may be added as optional, never removed or retyped inside v1.
No field holds a name, a number, a handle or an address; those stand in ``sealed``.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

SCHEMA_VERSION = "1"

#: Longest complaint text carried in the clear part. The whole original is in ``sealed``.
MAX_TEXT_CHARS = 12_000


class Channel(StrEnum):
    """Where a complaint came from. A closed list: a new channel is a new value, never a reuse."""

    SMS = "sms"
    CALL_CENTER = "call_center"
    TELEGRAM = "telegram"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    WHATSAPP = "whatsapp"
    X = "x"
    EMAIL = "email"
    COMPLAINT_BOX = "complaint_box"
    WALK_IN = "walk_in"
    LETTER = "letter"
    SOCIAL_CAPTURE = "social_capture"
    OTHER = "other"


class TimePrecision(StrEnum):
    """How exactly the reporter's own time is known. ``day``: the time of day is meaningless."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    UNKNOWN = "unknown"


class ReporterStatus(StrEnum):
    """Three different things: gave it, would not give it, was never known."""

    KNOWN = "known"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


class Language(StrEnum):
    """BCP 47 primary tags, and two honest answers."""

    INDONESIAN = "id"
    JAVANESE = "jv"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class PlacePrecision(StrEnum):
    """The lowest level that is certain."""

    VILLAGE = "village"
    KECAMATAN = "kecamatan"
    REGENCY = "regency"
    NONE = "none"


class Classification(StrEnum):
    """LAPOR's three public classes, and *unclear* when no rule decided."""

    PENGADUAN = "pengaduan"
    ASPIRASI = "aspirasi"
    PERMINTAAN_INFORMASI = "permintaan_informasi"
    UNCLEAR = "unclear"


class Missing(StrEnum):
    """What an agency would have to ask back for."""

    PLACE = "place"
    VILLAGE = "village"
    WHAT = "what"
    WHEN = "when"
    CONTACT = "contact"
    PARTS = "parts"


class Relation(StrEnum):
    """How an item belongs to an earlier one. History is added to, never overwritten."""

    SUPPLEMENT = "supplement"
    EDIT = "edit"
    DELETION = "deletion"
    REACTION = "reaction"
    REPLY_TO = "reply_to"


class Exclusion(StrEnum):
    """Why an item is in the log although it is taken for no complaint.

    It goes into the ledger as *excluded*, with this reason; a person may overrule it. What
    certainly nobody wrote to us (a bounce, our own message) is a ``Rejection`` instead.
    """

    #: An answer that no person wrote (RFC 3834).
    AUTO_REPLY = "auto_reply"
    MAILING_LIST = "mailing_list"
    #: A word to the gateway itself, such as ``/status NGW-26-7K3M9QXA``.
    COMMAND = "command"
    #: A call whose content an agent types into the form.
    CALL_RECORD = "call_record"


class Awaits(StrEnum):
    """What a person has to do before it can be a complaint."""

    #: Nobody answered the call: ring back.
    CALL_BACK = "call_back"


class Withheld(StrEnum):
    """Why no copy of an attachment leaves the house. The original stays sealed."""

    #: A program, a script, a document with macros, an archive.
    ACTIVE_CONTENT = "active_content"
    #: Its kind is not on the list of what an agency can use.
    UNKNOWN_TYPE = "unknown_type"
    #: It calls itself a picture and cannot be read as one.
    DAMAGED = "damaged"
    INFECTED = "infected"
    TOO_LARGE = "too_large"


class IdBasis(StrEnum):
    """What the complaint id was computed from.

    ``arrival`` means that neither id nor time came with the item: two equal ones are both kept,
    and the later may be a repeat of the first.
    """

    PLATFORM_ID = "platform_id"
    SENDER_TIME_TEXT = "sender_time_text"
    ARRIVAL = "arrival"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reporter(_Part):
    """Who complained, without saying who."""

    #: Keyed hash of the sender's address: the same person, the same key; not the number.
    key: str | None = None
    status: ReporterStatus
    #: The channel on which an answer reaches the reporter; None when there is no way back.
    reachable_on: Channel | None = None


RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{2}\.\d{2}(\.\d{2}(\.\d{4})?)?$")]


class PlaceCandidate(_Part):
    """One possible reading of a place name in the text."""

    code: RegionCode
    #: As people say it: "Desa Babadan, Kec. Paron".
    name: str
    level: Literal["village", "kecamatan", "regency"]
    #: 0 to 1; 1 is named in full with its kecamatan.
    score: Annotated[float, Field(ge=0, le=1)]


class Place(_Part):
    """Where it happened. ``code`` is never a silent pick among several readings."""

    code: RegionCode | None = None
    precision: PlacePrecision
    candidates: tuple[PlaceCandidate, ...] = ()
    #: Free text such as "depan pasar", with personal data replaced.
    landmark: str | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    gazetteer: str


class Classified(_Part):
    """The class, the rule that decided it, and category candidates (LAPOR's 2025 names)."""

    value: Classification
    rule: str
    categories: tuple[str, ...] = ()


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Attachment(_Part):
    """An attachment by reference: the platform's media id until stored, then its hash."""

    media_type: str
    media_id: str | None = None
    size_bytes: Annotated[int, Field(ge=0)] | None = None
    name: str | None = None
    #: Of the original as it came, which is stored sealed.
    sha256: Sha256 | None = None
    #: Of the copy without metadata that may leave the house; None: not stored yet, or withheld.
    copy_sha256: Sha256 | None = None
    withheld: Withheld | None = None


class Origin(_Part):
    """Whether LAPOR has this item already; if so it is linked and never entered again."""

    already_in_lapor: bool = False
    tracking_id: str | None = None


class SourceNumber(_Part):
    """The number that the source itself gave an item: an update id, a UID.

    ``scope`` is within which it counts (a UIDVALIDITY), empty where it counts by account.
    """

    scope: str = ""
    number: Annotated[int, Field(ge=0)]


class ComplaintEvent(_Part):
    """One complaint item, from any channel, as it stands on ``complaints.accepted.v1``."""

    complaint_id: UUID
    #: The number people are told, e.g. ``NGW-26-7K3M9QXA``. Computed from ``complaint_id``.
    reference: str
    id_basis: IdBasis
    channel: Channel
    account: str
    source_id: str | None = None
    submitted_at: AwareDatetime | None = None
    submitted_precision: TimePrecision = TimePrecision.UNKNOWN
    received_at: AwareDatetime
    captured_at: AwareDatetime | None = None
    text: Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
    text_truncated: bool = False
    title: str
    language: Language
    reporter: Reporter
    hide_identity: bool = False
    hide_content: bool = False
    place: Place
    classification: Classified
    completeness: tuple[Missing, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    relates_to: UUID | None = None
    relation: Relation | None = None
    origin: Origin = Origin()
    entered_by: str | None = None
    batch: str | None = None
    #: Set when this is no complaint; it is recorded and not entered.
    exclusion: Exclusion | None = None
    awaits: Awaits | None = None
    #: The numbers that the source gave the item, or the pieces of it.
    source_numbers: tuple[SourceNumber, ...] | None = None
    #: JWE (compact) of ``PrivatePart``. None only before sealing and after an erasure.
    sealed: str | None = None
    #: JWE (compact) of ``ReplyPath``, for the replies process, which opens nothing else.
    reply_to: str | None = None

    def to_bytes(self) -> bytes:
        """The JSON value of the log record: UTF-8, absent optionals left out."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ComplaintEvent":
        """Read a record's value. Fields that this version does not know are passed over.

        Raises:
            pydantic.ValidationError: the bytes are not a v1 event.
        """
        return cls.model_validate_json(data, extra="ignore")


class ReplyPath(_Part):
    """The way back to whoever sent an item: only what an answer needs, sealed apart."""

    #: Number, chat id, page-scoped id or mail address, as the platform takes it.
    address: Annotated[str, Field(min_length=1)]
    #: The platform's id of the item that is answered.
    thread: str | None = None
    #: Which of our senders answers, where an account has several (a phone number id, a page id).
    via: str | None = None
    #: After this the platform takes no free text any more (WhatsApp: 24 hours).
    expires_at: AwareDatetime | None = None
    #: Others can read the answer: it says nothing of the complaint, not even its number.
    public: bool = False

    def to_bytes(self) -> bytes:
        """The plaintext that is sealed."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ReplyPath":
        """Read an opened JWE's plaintext. Raises pydantic.ValidationError if it is none."""
        return cls.model_validate_json(data, extra="ignore")


class PrivatePart(_Part):
    """What only the deliver key opens: who it was, and what they really wrote."""

    name: str | None = None
    #: E.164 where it could be read as a number, else as the platform wrote it.
    phone: str | None = None
    email: str | None = None
    handle: str | None = None
    postal_address: str | None = None
    nik: str | None = None
    source_id: str | None = None
    original_text: str | None = None
    original_title: str | None = None
    decoding: str | None = None
    #: The payload's bytes: as text where they are UTF-8, else base64. ``blob``: too large for a
    #: record; then this is the SHA-256 under which they are stored, sealed.
    raw: str
    raw_encoding: Literal["utf-8", "base64", "blob"]
    raw_media_type: str

    def to_bytes(self) -> bytes:
        """The plaintext that is sealed."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "PrivatePart":
        """Read an opened JWE's plaintext. Raises pydantic.ValidationError if it is none."""
        return cls.model_validate_json(data, extra="ignore")


class RejectedItem(_Part):
    """An item that did not become an event, as it stands on ``complaints.rejected.v1``."""

    item_id: UUID
    channel: Channel
    account: str
    received_at: AwareDatetime
    stage: Literal["intake", "deliver"]
    reason: str
    #: JWE (compact) of ``PrivatePart`` with the raw bytes.
    sealed: str
    #: As in the event.
    source_numbers: tuple[SourceNumber, ...] | None = None

    def to_bytes(self) -> bytes:
        """The JSON value of the log record."""
        return self.model_dump_json(exclude_none=True).encode()


class EntryReceipt(_Part):
    """What ``complaints.entered.v1`` holds for a complaint that is in LAPOR."""

    complaint_id: UUID
    reference: str
    tracking_id: str
    #: Which way it went in: ``v3``, ``assisted``, ``linked``, ...
    mode: str
    entered_at: AwareDatetime

    def to_bytes(self) -> bytes:
        """The JSON value of the log record."""
        return self.model_dump_json(exclude_none=True).encode()


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model as JSON Schema 2020-12, as published in ``docs/schema/``."""
    schema = model.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
