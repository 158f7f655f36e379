"""What the API accepts: the fields seen in public client code, and no others.

A field that nobody has seen is refused, so that a misspelt one is found here and not in Jakarta.
"""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

#: Text with nothing in it is refused as if it were missing.
Filled = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
#: Masters are numbered from 1; clients send the ids as numbers or as text. 18 digits fit SQLite.
MasterId = Annotated[int, Field(ge=1, lt=10**18)]

#: Clients have sent ``"[1,2]"``, the same with a full stop, a JSON list, and false for none.
_ID_LIST = re.compile(r"\[\s*(\d+(?:\s*,\s*\d+)*)?\s*\]\.?")
_DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d-%m-%Y", "%d-%m-%Y %H:%M:%S")


def _file_ids(value: object) -> object:
    if value is None or value is False or value == "":
        return []
    if isinstance(value, str):
        match = _ID_LIST.fullmatch(value.strip())
        if match is None:
            raise ValueError("bukan daftar id berkas")
        return [int(part) for part in (match[1] or "").split(",") if part]
    return value


def _known_date(value: str) -> str:
    for date_format in _DATE_FORMATS:
        try:
            datetime.strptime(value, date_format)  # noqa: DTZ007 a day on a form has no zone
        except ValueError:
            continue
        return value
    try:
        date.fromisoformat(value[:10])
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("bukan tanggal; tulis YYYY-MM-DD") from None
    return value


class NewComplaint(BaseModel):
    """The body of a create. The ids are not checked against masters: those are not public."""

    model_config = ConfigDict(extra="forbid")

    title: Filled
    content: Filled
    channel: MasterId
    is_new_user_slider: bool
    user_id: MasterId | None = None
    emailUser: str | None = None
    nameUser: str | None = None
    phoneUser: str | None = None
    is_inbox: bool | None = None
    is_disposisi_slider: bool | None = None
    classification_id: MasterId
    disposition_id: MasterId
    category_id: MasterId
    priority_program_id: MasterId | None = None
    location_id: MasterId
    community_id: MasterId | None = None
    date_of_incident: Annotated[Filled, AfterValidator(_known_date)]
    copy_externals: list[MasterId] | str | None = None
    info_disposition: str | None = None
    info_attachments: list[MasterId] | str | bool | None = None
    tags_raw: str | None = None
    is_approval: bool | None = None
    is_anonymous: bool
    is_secret: bool
    is_priority: bool | None = None
    attachments: Annotated[list[MasterId], BeforeValidator(_file_ids)] = []

    @model_validator(mode="after")
    def _has_a_reporter_account(self) -> "NewComplaint":
        if self.is_new_user_slider and not self.nameUser:
            raise ValueError("nameUser wajib diisi bila is_new_user_slider bernilai true")
        if not self.is_new_user_slider and self.user_id is None:
            raise ValueError("user_id wajib diisi bila is_new_user_slider bernilai false")
        return self


class NewFollowUp(BaseModel):
    """The text parts of ``/complaints/followup/add``; the files come beside it."""

    model_config = ConfigDict(extra="forbid")

    complaint_id: MasterId
    content: Filled
    user_id: MasterId
    institution_from_id: MasterId | None = None
    institution_to_id: MasterId | None = None
    info_disposition: str | None = None
    template_code: str | None = None
    rating: Annotated[int, Field(ge=0, le=5)] | None = None
    is_secret: Literal["0", "1"] | None = None


_WORDS = {
    "missing": "wajib diisi",
    "string_too_short": "wajib diisi",
    "extra_forbidden": "tidak dikenal",
}


def readable(error: ValidationError) -> dict[str, list[str]]:
    """Field to what is wrong with it; never the value, which may be somebody's name."""
    found: dict[str, list[str]] = {}
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(str(part) for part in item["loc"]) or "laporan"
        message = _WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        found.setdefault(field, []).append(message)
    return found
