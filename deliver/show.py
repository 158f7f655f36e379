"""How the commands print. Nothing here knows who complained."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from deliver.attachments import AttachmentRow
from deliver.labels import FILE_LABELS, REPLY_LABELS, STATE_LABELS
from deliver.replies import ReplyRow
from deliver.rows import HistoryRow, LedgerRow

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400

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
    console().print(table)
    more = f"; halaman berikutnya: --after {rows[-1].reference}" if len(rows) == limit else ""
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
    console().print(table)


def files(rows: Sequence[AttachmentRow]) -> None:
    """The attachments of a complaint."""
    if not rows:
        line("tidak ada lampiran")
    _list_files(rows)


def _list_files(rows: Sequence[AttachmentRow]) -> None:
    for file in rows:
        what = FILE_LABELS[file.state] + (f" ({file.reason})" if file.reason else "")
        line(f"lampiran {file.position}: {file.media_type}, {what}")


def console() -> Console:
    """A terminal as wide as it is; a file or a pipe wide enough for every table."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _age(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} menit"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} jam"
    return f"{seconds // _DAY:.0f} hari"
