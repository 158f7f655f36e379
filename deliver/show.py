"""How the commands print. Nothing here knows who complained."""

import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from deliver.attachments import AttachmentRow
from deliver.labels import FILE_LABELS, REPLY_LABELS, STATE_LABELS
from deliver.reconcile import COLUMNS, Column, Report
from deliver.replies import ReplyRow
from deliver.rows import HistoryRow, LedgerRow

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400

#: From this width on the equation is shown with every column.
_EVERY_COLUMN_WIDTH = 155
_ALWAYS_SHOWN: Collection[Column] = ("entered", "waiting", "unaccounted")

#: A report that goes into a file or a pipe is not folded: this holds every column.
_PLAIN_WIDTH = 180


def line(text: str) -> None:
    """Plain text, as it is: no colours, nothing folded."""
    sys.stdout.write(f"{text}\n")


def standing(row: LedgerRow) -> str:
    """Where a complaint stands, in one line."""
    number = row.tracking_id or row.linked_tracking_id
    suffix = f", tracking id {number}" if number else ""
    return f"{row.reference}: {STATE_LABELS[row.state]}{suffix}"


def listed_json(rows: Sequence[LedgerRow]) -> Sequence[Mapping[str, object]]:
    """The same for programs: no text and nothing of the reporter."""
    return [
        {
            "reference": row.reference,
            "complaint_id": str(row.complaint_id),
            "channel": row.channel,
            "received_at": row.received_at.isoformat(),
            "state": row.state,
            "state_at": row.state_at.isoformat(),
            "attempts": row.attempts,
            "tracking_id": row.tracking_id or row.linked_tracking_id,
        }
        for row in rows
    ]


def listed(rows: Sequence[LedgerRow], now: datetime, limit: int) -> None:
    """One line for each complaint."""
    table = Table("Nomor", "Umur", "Kanal", "Keadaan", "Oleh", "Percobaan", "Tracking id")
    for row in rows:
        table.add_row(
            row.reference,
            _age((now - row.received_at).total_seconds()),
            row.channel,
            STATE_LABELS[row.state],
            row.claimed_by or "",
            str(row.attempts),
            row.tracking_id or row.linked_tracking_id or "",
        )
    _console().print(table)
    more = f"; mungkin ada lagi, lihat dengan --limit {limit * 10}" if len(rows) == limit else ""
    line(f"{len(rows)} pengaduan{more}")


def one(
    row: LedgerRow,
    history: Sequence[HistoryRow],
    files: Sequence[AttachmentRow] = (),
    replies: Sequence[ReplyRow] = (),
) -> None:
    """A complaint, its files, the answers to its reporter, and its history, oldest first."""
    event = row.event()
    line(standing(row))
    line(f"id {row.complaint_id}, kanal {row.channel}, diterima {row.received_at.isoformat()}")
    line(f"judul: {event.title}")
    line(event.text)
    _list_files(files)
    for answer in replies:
        what = REPLY_LABELS[answer.state] + (f" ({answer.reason})" if answer.reason else "")
        when = answer.at.isoformat(timespec="seconds")
        line(f"balasan {answer.kind} ke-{answer.round} lewat {answer.channel}: {what}, {when}")
    table = Table("Waktu", "Dari", "Ke", "Oleh", "Alasan", "Catatan")
    for item in history:
        moved = item.before is not item.after
        table.add_row(
            item.at.isoformat(timespec="seconds"),
            STATE_LABELS[item.before] if item.before and moved else "",
            STATE_LABELS[item.after] if moved else "",
            f"{item.who} {item.actor}",
            item.reason,
            item.note or "",
        )
    _console().print(table)


def files(rows: Sequence[AttachmentRow]) -> None:
    """The attachments of a complaint."""
    if not rows:
        line("tidak ada lampiran")
    _list_files(rows)


def _list_files(rows: Sequence[AttachmentRow]) -> None:
    for file in rows:
        what = FILE_LABELS[file.state] + (f" ({file.reason})" if file.reason else "")
        line(f"lampiran {file.position}: {file.media_type}, {what}")


def report(found: Report) -> None:
    """The equation as a table, with the total; and by name whatever is missing."""
    received, total = found.total()
    console = _console()
    # A narrow terminal gets the columns that say something; zeros elsewhere do not change the sum.
    shown = [
        name
        for name in COLUMNS
        if console.width >= _EVERY_COLUMN_WIDTH or name in _ALWAYS_SHOWN or total.get(name)
    ]
    table = Table("Hari", "Kanal", "Diterima", *(COLUMNS[name] for name in shown))
    for item in found.lines:
        counts = [str(item.counts.get(column, 0)) for column in shown]
        table.add_row(item.day.isoformat(), item.channel, str(item.received), *counts)
    table.add_section()
    table.add_row("Jumlah", "", str(received), *(str(total.get(name, 0)) for name in shown))
    console.print(table)
    if found.balanced:
        line("Seluruh pengaduan yang diterima terhitung.")
        return
    line(f"TAK TERHITUNG: {len(found.unaccounted)}. Ada di log, tidak ada di buku besar:")
    for lost in found.unaccounted:
        where = f"{lost.position.topic}/{lost.position.partition}/{lost.position.offset}"
        line(f"  {lost.reference or '(tak terbaca)'} {lost.item_id} {lost.channel} {where}")


def report_json(found: Report) -> dict[str, object]:
    """The same for programs."""
    received, total = found.total()
    return {
        "balanced": found.balanced,
        "received": received,
        "total": {column: total.get(column, 0) for column in COLUMNS},
        "lines": [
            {
                "day": item.day.isoformat(),
                "channel": item.channel,
                "received": item.received,
                **{column: item.counts.get(column, 0) for column in COLUMNS},
            }
            for item in found.lines
        ],
        "unaccounted": [
            {
                "id": str(lost.item_id),
                "reference": lost.reference,
                "channel": lost.channel,
                "day": lost.day.isoformat(),
                "partition": lost.position.partition,
                "offset": lost.position.offset,
            }
            for lost in found.unaccounted
        ],
    }


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _age(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} menit"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} jam"
    return f"{seconds // _DAY:.0f} hari"
