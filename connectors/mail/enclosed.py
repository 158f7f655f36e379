"""Forms in which programs wrap text and files: Outlook's winmail.dat, and calendar entries."""

from dataclasses import dataclass
from typing import Any

from icalendar import Calendar
from tnefparse import TNEF

from connectors.mail.body import html_to_text
from connectors.mail.charsets import decode

#: It copies the rest of the data for each object: that many bytes may be moved in all.
_MAX_TNEF_WORK = 1_000_000_000
_TNEF_HEADER = 6
_TNEF_OBJECT = 9
_MAX_CALENDAR_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What was inside."""

    text: str
    files: tuple[tuple[str | None, bytes], ...]


def open_winmail(data: bytes) -> Enclosed | None:
    """Text and files of a TNEF stream; None when it cannot be read."""
    if _objects(data) * len(data) > _MAX_TNEF_WORK:
        return None
    try:
        opened = TNEF(data, do_checksum=False)
        files = tuple(
            (_name(attachment.long_filename()), bytes(attachment.data))
            for attachment in opened.attachments
            if attachment.data
        )
    except Exception:  # noqa: BLE001 - it raises whatever damaged bytes make it do
        return None
    text = _text(opened.body)
    if not text and opened.htmlbody:
        text = html_to_text(_text(opened.htmlbody), without_history=False)
    return Enclosed(text, files) if text or files else None


def calendar_text(data: bytes) -> str:
    """What, when, where and why of the first entries; empty when it cannot be read."""
    try:
        calendar = Calendar.from_ical(decode(data[:_MAX_CALENDAR_BYTES]).text)
        entries = [
            "\n".join(line for line in _lines(event) if line)
            for event in calendar.walk("VEVENT")[:5]
        ]
    except Exception:  # noqa: BLE001 - as above: the entry stays as an attachment
        return ""
    return "\n\n".join(entry for entry in entries if entry)


def _lines(event: Any) -> list[str]:
    start = event.get("DTSTART")
    when = getattr(start, "dt", None)
    return [
        str(event.get("SUMMARY", "")).strip(),
        f"Waktu: {when}" if when else "",
        f"Tempat: {event['LOCATION']}".strip() if event.get("LOCATION") else "",
        str(event.get("DESCRIPTION", "")).strip(),
    ]


def _objects(data: bytes) -> int:
    """How many objects the stream has: a walk over their lengths."""
    count, position = 0, _TNEF_HEADER
    while position + _TNEF_OBJECT < len(data):
        length = int.from_bytes(data[position + 5 : position + 9], "little")
        position += _TNEF_OBJECT + length + 2
        count += 1
    return count


def _name(name: object) -> str | None:
    text = _text(name).replace("\\", "/").rpartition("/")[2].strip(" \x00")
    return text or None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return decode(value).text.strip("\x00").strip()
    return str(value).strip("\x00").strip() if value else ""
