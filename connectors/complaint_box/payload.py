"""One slip as a clerk types it or a table holds it, and its way to a draft. All of it is pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connectors.complaint_box.dates import read_date
from connectors.complaint_box.links import is_link
from normalizer.draft import Draft, DraftAttachment, Sender, SenderKind, SourceRef
from normalizer.event import (
    MAX_TEXT_CHARS,
    Channel,
    RegionCode,
    Relation,
    ReplyPath,
    ReporterStatus,
    TimePrecision,
)
from normalizer.phone import is_indonesian_mobile, to_e164

TypedChannel = Literal[
    Channel.COMPLAINT_BOX,
    Channel.WALK_IN,
    Channel.LETTER,
    Channel.CALL_CENTER,
    Channel.SOCIAL_CAPTURE,
]

#: The sources as people call them, in the order of the form.
SOURCE_LABELS: Mapping[TypedChannel, str] = {
    Channel.COMPLAINT_BOX: "Kotak pengaduan",
    Channel.WALK_IN: "Datang langsung",
    Channel.LETTER: "Surat",
    Channel.CALL_CENTER: "Telepon",
    Channel.SOCIAL_CAPTURE: "Media sosial",
}

#: Whoever types an older date has slipped on a key; a box is never closed for so long.
_OLDEST = date(2000, 1, 1)
_SPEAKABLE_PHONE = re.compile(r"\+?[\d\s().\-/]{5,25}")
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Disclosure(StrEnum):
    """What the reporter did about the own identity; nothing chosen is a fourth answer."""

    GAVE = "gave"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


_STATUS = {
    Disclosure.GAVE: ReporterStatus.KNOWN,
    Disclosure.WITHHELD: ReporterStatus.WITHHELD,
    Disclosure.UNKNOWN: ReporterStatus.UNKNOWN,
}


class Incomplete(Exception):
    """A slip cannot be taken as it is: field name to a sentence that holds nothing of the slip."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__()
        self.problems = problems


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _to_date(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = read_date(value)
    if found is None:
        raise PydanticCustomError("date", "Tanggal tidak terbaca. Tulis seperti 9/11/2026.")
    return found


def _short(limit: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=limit)


_Date = Annotated[date | None, BeforeValidator(_to_date), BeforeValidator(_blank_is_none)]
_Line = Annotated[
    Annotated[str, _short(200)] | None, BeforeValidator(_blank_is_none), Field(default=None)
]


class Slip(BaseModel):
    """What stands on the paper. Validated with ``context={"today": date}``, the local day."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    source: TypedChannel
    box: _Line
    received_on: _Date = None
    #: Of a post in a social medium: where it stands, and who posted it.
    post_url: Annotated[
        Annotated[str, _short(2000)] | None, BeforeValidator(_blank_is_none), Field(default=None)
    ]
    handle: _Line
    text: Annotated[str, StringConstraints(strip_whitespace=True)]
    place_code: Annotated[RegionCode | None, BeforeValidator(_blank_is_none)] = None
    landmark: _Line
    written_on: _Date = None
    reporter: Annotated[Disclosure | None, BeforeValidator(_blank_is_none)] = None
    name: _Line
    phone: _Line
    email: _Line
    address: _Line
    nik: _Line
    hide_identity: bool = False
    hide_content: bool = False

    @field_validator("text")
    @classmethod
    def _text_is_there(cls, value: str) -> str:
        if not value:
            raise PydanticCustomError("text", "Isi aduan kosong.")
        if len(value) > MAX_TEXT_CHARS:
            raise PydanticCustomError(
                "text", f"Isi aduan lebih panjang dari {MAX_TEXT_CHARS} huruf. Bagi menjadi dua."
            )
        return value.replace("\r\n", "\n")

    @field_validator("received_on", "written_on")
    @classmethod
    def _date_is_past(cls, value: date | None, info: ValidationInfo) -> date | None:
        today: date = (info.context or {})["today"]
        if value is not None and value > today:
            raise PydanticCustomError("date", "Tanggal ini belum terjadi. Periksa lagi.")
        if value is not None and value < _OLDEST:
            raise PydanticCustomError("date", "Tahunnya terlalu lama. Periksa lagi.")
        return value

    @field_validator("post_url")
    @classmethod
    def _post_url_is_link(cls, value: str | None) -> str | None:
        if value is not None and not is_link(value):
            raise PydanticCustomError(
                "post_url", "Tempel tautan lengkap, misalnya https://www.facebook.com/..."
            )
        return value

    @field_validator("phone")
    @classmethod
    def _phone_is_number(cls, value: str | None) -> str | None:
        if value is not None and not _SPEAKABLE_PHONE.fullmatch(value):
            raise PydanticCustomError(
                "phone", "Nomor telepon hanya angka, misalnya 0812 0000 0000."
            )
        return value

    @field_validator("email")
    @classmethod
    def _email_is_address(cls, value: str | None) -> str | None:
        if value is not None and not _MAIL_ADDRESS.fullmatch(value):
            raise PydanticCustomError(
                "email", "Alamat email tidak lengkap, misalnya sri@contoh.id."
            )
        return value

    @field_validator("nik")
    @classmethod
    def _nik_has_its_digits(cls, value: str | None) -> str | None:
        digits = re.sub(r"[\s.\-]", "", value or "")
        if value is not None and not re.fullmatch(r"\d{16}", digits):
            raise PydanticCustomError("nik", "NIK berisi 16 angka. Kosongkan bila tidak terbaca.")
        return digits or None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Slip":
        if self.received_on and self.written_on and self.written_on > self.received_on:
            raise PydanticCustomError(
                "written_on", "Tanggal pada surat lebih baru daripada tanggal diterima."
            )
        return self

    @model_validator(mode="after")
    def _identity_fits(self) -> "Slip":
        # Whoever posts in public has given the handle with it.
        given = any((self.name, self.phone, self.email, self.address, self.nik))
        if self.reporter is Disclosure.GAVE and not (given or self.handle):
            raise PydanticCustomError(
                "reporter", "Isi paling sedikit satu data pelapor, atau pilih jawaban lain."
            )
        if given and self.reporter in (Disclosure.WITHHELD, Disclosure.UNKNOWN):
            raise PydanticCustomError(
                "reporter", "Ada data pelapor yang terisi. Pilih “Memberi”, atau kosongkan datanya."
            )
        return self


_MODEL_PROBLEMS = frozenset({"written_on", "reporter"})
_SENTENCES = {
    "source": "Pilih sumber aduan.",
    "text": "Isi aduan kosong.",
    "received_on": "Isi tanggal diterima.",
    "reporter": "Pilih salah satu jawaban.",
    "place_code": "Pilih tempat dari daftar.",
}


def parse(fields: Mapping[str, str | bool | date | None], today: date) -> Slip:
    """Read the fields of a form or of a table's row.

    Raises:
        Incomplete: with a sentence for every field at fault.
    """
    try:
        return Slip.model_validate(dict(fields), context={"today": today})
    except ValidationError as error:
        problems: dict[str, str] = {}
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            problems.setdefault(*_sentence(item["type"], item["loc"], item["msg"]))
        raise Incomplete(problems) from None


def _sentence(kind: str, loc: tuple[int | str, ...], message: str) -> tuple[str, str]:
    if not loc:
        return (kind if kind in _MODEL_PROBLEMS else "text"), message
    name = str(loc[0])
    if kind == "string_too_long":
        return name, "Terlalu panjang: paling banyak 200 huruf."
    # Our own sentences carry our own kinds; the library's English ones are replaced.
    ours = kind in {"date", "text", "phone", "email", "nik", "post_url"}
    return name, message if ours else _SENTENCES.get(name, "Isian ini tidak terbaca.")


@dataclass(frozen=True, slots=True)
class Typed:
    """What is known of a slip beside what stands on it."""

    source_id: str
    account: str
    raw: bytes
    captured_at: datetime
    time_zone: tzinfo
    batch: str | None = None
    entered_by: str | None = None
    attachments: tuple[DraftAttachment, ...] = ()
    #: Of a call that the telephone system has told of: its id there.
    call_id: str | None = None


def to_draft(slip: Slip, typed: Typed) -> Draft:
    """The slip as the intake takes it."""
    captured_on = typed.captured_at.astimezone(typed.time_zone).date()
    late = slip.received_on is not None and slip.received_on < captured_on
    return Draft(
        channel=slip.source,
        account=typed.account,
        raw=typed.raw,
        raw_media_type="application/json",
        source_id=typed.source_id,
        text_raw=slip.text,
        decoding="utf-8",
        sender=_sender(slip),
        reporter_status=_STATUS[slip.reporter] if slip.reporter else None,
        submitted_at=_noon(slip.written_on, typed),
        submitted_precision=TimePrecision.DAY if slip.written_on else TimePrecision.UNKNOWN,
        received_at=_noon(slip.received_on, typed) if late else None,
        captured_at=typed.captured_at,
        entered_by=typed.entered_by,
        batch=typed.batch,
        hide_identity=slip.hide_identity,
        hide_content=slip.hide_content,
        place_code=slip.place_code,
        landmark=slip.landmark,
        attachments=typed.attachments,
        relates_to=SourceRef(source_id=typed.call_id, relation=Relation.REPLY_TO)
        if typed.call_id
        else None,
        reply_path=_reply_path(slip),
    )


def _sender(slip: Slip) -> Sender:
    kind, contact = SenderKind.NONE, None
    if slip.phone:
        kind, contact = SenderKind.PHONE, slip.phone
    elif slip.email:
        kind, contact = SenderKind.EMAIL, slip.email
    elif slip.handle:
        kind, contact = SenderKind.HANDLE, slip.handle
    return Sender(
        kind=kind, address=contact, name=slip.name, postal_address=slip.address, nik=slip.nik
    )


def _reply_path(slip: Slip) -> ReplyPath | None:
    """A mobile number takes an SMS, a mail address a mail; there is no other way back."""
    number = to_e164(slip.phone) if slip.phone else None
    if number and is_indonesian_mobile(number):
        return ReplyPath(address=number)
    return ReplyPath(address=slip.email) if slip.email and not slip.phone else None


def _noon(day: date | None, typed: Typed) -> datetime | None:
    """A day known without its hour: noon, the same date here and in UTC; never after typing."""
    if day is None:
        return None
    noon = datetime.combine(day, time(12), typed.time_zone).astimezone(UTC)
    return min(noon, typed.captured_at)
