"""From the rows of a table to drafts. Pure: the same table gives the same ids, today or later."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from connectors.complaint_box.columns import Column
from connectors.complaint_box.payload import Incomplete, Typed, TypedChannel, parse, to_draft
from connectors.complaint_box.places import read_place
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.complaint_box.table import Row
from normalizer.draft import Draft
from normalizer.event import Channel
from normalizer.gazetteer import Gazetteer

_YES = frozenset({"ya", "y", "yes", "iya", "1", "x", "v", "✓", "✔", "benar", "true"})
_NO = frozenset({"", "tidak", "t", "tdk", "no", "n", "0", "-", "bukan", "salah", "false"})
_SOURCES: Mapping[str, TypedChannel] = {
    "kotak": Channel.COMPLAINT_BOX,
    "kotak pengaduan": Channel.COMPLAINT_BOX,
    "kotak saran": Channel.COMPLAINT_BOX,
    "complaint_box": Channel.COMPLAINT_BOX,
    "datang langsung": Channel.WALK_IN,
    "langsung": Channel.WALK_IN,
    "tatap muka": Channel.WALK_IN,
    "lisan": Channel.WALK_IN,
    "walk_in": Channel.WALK_IN,
    "surat": Channel.LETTER,
    "letter": Channel.LETTER,
    "telepon": Channel.CALL_CENTER,
    "telp": Channel.CALL_CENTER,
    "call center": Channel.CALL_CENTER,
    "call_center": Channel.CALL_CENTER,
    "media sosial": Channel.SOCIAL_CAPTURE,
    "medsos": Channel.SOCIAL_CAPTURE,
    "facebook": Channel.SOCIAL_CAPTURE,
    "instagram": Channel.SOCIAL_CAPTURE,
    "tiktok": Channel.SOCIAL_CAPTURE,
    "twitter": Channel.SOCIAL_CAPTURE,
    "x": Channel.SOCIAL_CAPTURE,
    "social_capture": Channel.SOCIAL_CAPTURE,
}
# "1" to "9999" count the rows of a file; another file counts from 1 again.
_LONGEST_RUNNING_NUMBER = 4

#: Columns of one line that go into the slip as they are.
_PLAIN = {
    Column.LINK: "post_url",
    Column.HANDLE: "handle",
    Column.TEXT: "text",
    Column.WRITTEN_ON: "written_on",
    Column.RECEIVED_ON: "received_on",
    Column.NAME: "name",
    Column.PHONE: "phone",
    Column.EMAIL: "email",
    Column.ADDRESS: "address",
    Column.NIK: "nik",
}
_COLUMN_OF = {name: column for column, name in _PLAIN.items()}


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What holds for every row of one import."""

    settings: ComplaintBoxSettings
    gazetteer: Gazetteer = field(repr=False)
    time_zone: tzinfo
    now: datetime
    channel: TypedChannel
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that did not become a draft. The reason holds nothing of the row."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Readied:
    """A row that did."""

    row: Row
    draft: Draft = field(repr=False)


def read_rows(rows: Sequence[Row], context: ImportContext) -> Iterator[Readied | Refused]:
    """Every row, in order, as one or the other."""
    seen: Counter[str] = Counter()
    numbered: dict[tuple[str, str, str], tuple[int, str]] = {}
    for row in rows:
        if row.problem is not None:
            yield Refused(row, row.problem)
            continue
        source, account, problem = _source(row.fields, context)
        if source is None:
            yield Refused(row, problem)
            continue
        digest = _content_digest(row.fields)
        number = row.fields.get(Column.NUMBER, "").strip()
        if _names_the_complaint(number):
            earlier, content = numbered.setdefault((source, account, number), (row.number, digest))
            if content != digest:
                yield Refused(row, f"nomor sama dengan baris {earlier}, tetapi isinya lain")
                continue
            source_id = number
        else:
            # Two slips with the same words on one day are two complaints.
            occurrence = seen[source + account + digest]
            seen[source + account + digest] += 1
            source_id = f"{digest}-{occurrence}"
        typed = Typed(
            source_id, account, _raw(row.cells), context.now, context.time_zone, context.batch
        )
        yield _readied(row, source, typed, context)


def _readied(
    row: Row, source: TypedChannel, typed: Typed, context: ImportContext
) -> Readied | Refused:
    fields: dict[str, str | bool] = {
        name: row.fields.get(column, "") for column, name in _PLAIN.items()
    }
    for column, name in (
        (Column.HIDE_IDENTITY, "hide_identity"),
        (Column.HIDE_CONTENT, "hide_content"),
    ):
        answer = row.fields.get(column, "").strip().lower()
        if answer not in _YES | _NO:
            # A wish to stay hidden must not get lost over a spelling.
            return Refused(row, f"{column}: tulis ya atau tidak")
        fields[name] = answer in _YES
    code, landmark = _place(row.fields, context.gazetteer)
    fields |= {"place_code": code or "", "landmark": landmark}
    try:
        slip = parse(fields | {"source": source}, context.now.astimezone(context.time_zone).date())
    except Incomplete as incomplete:
        return Refused(row, _sentence(incomplete.problems))
    return Readied(row, to_draft(slip, typed))


def _sentence(problems: Mapping[str, str]) -> str:
    if problems.get("text") == "Isi aduan kosong.":
        return "isi kosong"
    told = ((_COLUMN_OF.get(name, name), sentence) for name, sentence in problems.items())
    return "; ".join(f"{column}: {sentence.rstrip('.')}" for column, sentence in told)


def _source(
    fields: Mapping[Column, str], context: ImportContext
) -> tuple[TypedChannel | None, str, str]:
    """Channel and account, or None and the reason."""
    written = " ".join(fields.get(Column.SOURCE, "").lower().split())
    source = _SOURCES.get(written) if written else context.channel
    if source is None:
        return None, "", "sumber tidak dikenal: kotak, datang langsung, surat, atau telepon"
    named = fields.get(Column.BOX, "").strip()
    if source is not Channel.COMPLAINT_BOX or not named:
        return source, context.settings.office, ""
    box = context.settings.box(named)
    if box is None:
        return None, "", "kotak tidak ada dalam daftar pengaturan"
    return source, box.id, ""


def _place(fields: Mapping[Column, str], gazetteer: Gazetteer) -> tuple[str | None, str]:
    """The code when what is written names one place; else it all stays as a landmark."""
    village, kecamatan = fields.get(Column.VILLAGE, ""), fields.get(Column.KECAMATAN, "")
    named = ", ".join(
        part if part.lower().startswith(level[:3].lower()) else f"{level} {part}"
        for level, part in (("Desa", village), ("Kec.", kecamatan))
        if part
    )
    written = fields.get(Column.PLACE, "")
    landmark = fields.get(Column.LANDMARK, "")
    for text, rest in ((named, (landmark, written)), (written, (landmark, named))):
        readings = read_place(text, gazetteer) if text else ()
        if len(readings) == 1:
            return readings[0].code, _joined(*rest)
    return None, _joined(landmark, written, named)


def _joined(*parts: str) -> str:
    return ", ".join(part.strip() for part in parts if part.strip())


def _names_the_complaint(number: str) -> bool:
    return bool(number) and not (number.isdecimal() and len(number) <= _LONGEST_RUNNING_NUMBER)


def _content_digest(fields: Mapping[Column, str]) -> str:
    """Of what was understood, without the number: order and other columns do not matter."""
    content = {
        column.value: " ".join(text.split())
        for column, text in fields.items()
        if column is not Column.NUMBER and text.strip()
    }
    return hashlib.sha256(_canonical(content)).hexdigest()


def _raw(cells: Mapping[str, str]) -> bytes:
    return _canonical({name: text for name, text in cells.items() if text})


def _canonical(value: Mapping[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
