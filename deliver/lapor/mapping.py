"""Our entry in LAPOR's terms. The only file that knows its field names and its form.

What the fields mean is not public; ``[lapor]`` holds everything that its operators prescribe.
The reporter's NIK and postal address have no field here and never go out.
"""

import json
from collections.abc import Mapping, Sequence

from deliver.settings import LaporSettings, Scalar
from deliver.target import Entry, Identity

Value = Scalar | list[int]

_NO_TEXT = "(tanpa teks)"
_NO_TITLE = "(tanpa judul)"


def create_body(
    entry: Entry, settings: LaporSettings, file_ids: Sequence[int] = ()
) -> dict[str, Value]:
    """The JSON body of a create call. ``settings`` are complete (``require_complete``)."""
    body: dict[str, Value] = {
        "title": entry.title or _NO_TITLE,
        "content": content(entry),
        "channel": settings.channel,
        "is_disposisi_slider": True,
        "classification_id": settings.classification_ids[entry.classification],
        "disposition_id": settings.disposition_id,
        "category_id": settings.category_id,
        "priority_program_id": None,
        "location_id": settings.location_id,
        "community_id": None,
        "date_of_incident": entry.day.isoformat(),
        "copy_externals": None,
        "info_disposition": None,
        "info_attachments": None,
        "tags_raw": settings.tags or None,
        "is_approval": False,
        "is_anonymous": entry.hide_identity,
        "is_secret": entry.hide_content,
        "is_priority": False,
        "attachments": encode_file_ids(file_ids, settings),
    }
    return {**body, **_reporter(entry, settings), **settings.extra_fields}


def content(entry: Entry) -> str:
    """The text as LAPOR gets it. Our reference stands first, so that a person can search for it."""
    parts = [f"[{entry.reference}] {entry.text or _NO_TEXT}"]
    if place := place_line(entry):
        parts.append(f"Lokasi: {place}")
    return "\n\n".join(parts)


def place_line(entry: Entry) -> str:
    """The place in words, for LAPOR's one text location; empty when nothing is known."""
    place = entry.place or ""
    if not place and entry.place_candidates:
        place = f"belum pasti, mungkin {' / '.join(entry.place_candidates)}"
    return ", ".join(part for part in (place, entry.landmark) if part)


def _reporter(entry: Entry, settings: LaporSettings) -> Mapping[str, Value]:
    named = entry.reporter
    if named is None or entry.hide_identity or settings.reporter_as == "own_account":
        return {"is_new_user_slider": False, "user_id": settings.user_id}
    return {"is_new_user_slider": True, **_contact(named, settings.unnamed_reporter)}


def _contact(named: Identity, unnamed: str) -> Mapping[str, Value]:
    contact = {"nameUser": named.name or unnamed, "phoneUser": named.phone}
    contact["emailUser"] = named.email
    return {field: value for field, value in contact.items() if value}


def encode_file_ids(file_ids: Sequence[int], settings: LaporSettings) -> Value:
    """File ids in the spelling that is configured; false when there are none."""
    if not file_ids:
        return False
    match settings.attachments_encoding:
        case "list":
            return list(file_ids)
        case "json_text":
            return json.dumps(list(file_ids), separators=(",", ":"))
        case "json_text_with_stop":
            return json.dumps(list(file_ids), separators=(",", ":")) + "."


def follow_up_fields(tracking_id: str, text: str, settings: LaporSettings) -> Mapping[str, str]:
    """The text parts of a follow-up."""
    return {
        "complaint_id": tracking_id,
        "user_id": str(settings.user_id),
        "institution_from_id": str(settings.disposition_id),
        "institution_to_id": str(settings.disposition_id),
        "content": text,
        "is_secret": "0",
    }


#: The part names of files in an upload, and in a follow-up by their number.
UPLOAD_PART = "attachments[]"
FOLLOW_UP_PART = "attachment[{index}]"


def created_id(answer: object) -> str | None:
    """The id in a create's answer, at the root or nested; None when there is none."""
    nested = _at(answer, "results", "complaint", "id")
    return _number(_at(answer, "complaint_id")) or _number(nested)


def uploaded_ids(answer: object) -> list[int]:
    """The ids of an upload's answer. Pictures come back only under ``images``."""
    found: list[int] = []
    for kind in ("docs", "images"):
        listed = _at(answer, "results", kind)
        for item in listed if isinstance(listed, list) else []:
            if number := _number(_at(item, "id")):
                found.append(int(number))
    return found


def attached_count(answer: object) -> int | None:
    """How many files a follow-up's answer tells of; None when it tells nothing."""
    told = _at(answer, "results", "attachments")
    if isinstance(told, list):
        return len(told)
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def status_name(answer: object) -> str | None:
    """The status in a detail's answer, in LAPOR's words."""
    name = _at(answer, "results", "data", "status_name")
    return name if isinstance(name, str) else None


def refusal_words(answer: object) -> str:
    """What LAPOR says about a refusal. Its error body is not public: known names first."""
    if not isinstance(answer, Mapping):
        return str(answer) if isinstance(answer, str) else ""
    words = [text for key in ("message", "error") if isinstance(text := answer.get(key), str)]
    errors = answer.get("errors")
    if isinstance(errors, Mapping):
        words += [f"{key}: {'; '.join(map(str, _listed(value)))}" for key, value in errors.items()]
    return ". ".join(words)


def form_sheet(entry: Entry) -> Sequence[tuple[str, str]]:
    """LAPOR's own form, top to bottom: label and what to type."""
    return (
        ("Judul", entry.title or _NO_TITLE),
        ("Isi", content(entry)),
        ("Tanggal Kejadian", entry.day.strftime("%d-%m-%Y")),
        ("Lokasi Kejadian", place_line(entry) or "(tidak disebut)"),
        ("Klasifikasi", entry.classification.value.replace("_", " ")),
        ("Kategori", " / ".join(entry.categories) or "(pilih sendiri)"),
        ("Anonim", "ya" if entry.hide_identity else "tidak"),
        ("Rahasia", "ya" if entry.hide_content else "tidak"),
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _at(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _number(value: object) -> str | None:
    # bool is an int in Python, and `true` is no tracking id.
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and int(value) > 0:
        return value
    return None
