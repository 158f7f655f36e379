"""How the commands print. Nothing here knows who is answered."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from connectors.answering.rows import AnswerState, Due, Known
from normalizer.outcome import ReplyKind

STATE_LABELS: Final[Mapping[AnswerState, str]] = {
    AnswerState.WAITING: "menunggu",
    AnswerState.SENDING: "sedang dikirim",
    AnswerState.SENT: "terkirim",
    AnswerState.FAILED: "gagal",
    AnswerState.SUPPRESSED: "tidak dikirim",
    AnswerState.UNKNOWN: "tidak pasti",
}
KIND_LABELS: Final[Mapping[ReplyKind, str]] = {
    ReplyKind.RECEIVED: "diterima",
    ReplyKind.ENTERED: "masuk LAPOR!",
    ReplyKind.QUESTION: "pertanyaan",
    ReplyKind.COMMAND: "perintah",
}
#: What goes into a file or a pipe is not folded.
_PLAIN_WIDTH: Final = 180


def line(text: str) -> None:
    """Plain text, as it is."""
    sys.stdout.write(f"{text}\n")


def listed_json(found: Sequence[Due]) -> Sequence[Mapping[str, object]]:
    """The same for programs: nothing of the reporter."""
    return [
        {
            "reference": due.item.reference,
            "complaint_id": str(due.item.complaint_id),
            "channel": due.item.channel,
            "account": due.item.account,
            "kind": due.answer.key.kind,
            "round": due.answer.key.round,
            "state": due.answer.state,
            "reason": due.answer.reason,
            "attempts": due.answer.attempts,
            "created_at": due.answer.created_at.isoformat(),
        }
        for due in found
    ]


def listed(found: Sequence[Due], limit: int) -> None:
    """One line for each answer."""
    table = Table(
        "Nomor", "Kanal", "Akun", "Jawaban", "Putaran", "Keadaan", "Alasan", "Percobaan", "Dibuat"
    )
    for due in found:
        answer = due.answer
        table.add_row(
            due.item.reference,
            due.item.channel,
            due.item.account,
            KIND_LABELS[answer.key.kind],
            str(answer.key.round),
            STATE_LABELS[answer.state],
            answer.reason or "",
            str(answer.attempts),
            _when(answer.created_at),
        )
    _console().print(table)
    more = f"; mungkin ada lagi, lihat dengan --limit {limit * 10}" if len(found) == limit else ""
    line(f"{len(found)} jawaban{more}")


def one(item: Known, history: Sequence[Due]) -> None:
    """An item and what was answered, oldest first."""
    way = "dapat dijawab" if item.reply_to is not None else "tidak dapat dijawab"
    line(f"{item.reference}: {way}")
    line(f"id {item.complaint_id}, kanal {item.channel}, akun {item.account}")
    line(f"diterima {item.received_at.isoformat(timespec='seconds')}")
    table = Table(
        "Jawaban", "Putaran", "Keadaan", "Alasan", "Percobaan", "Dibuat", "Selesai",
        "Id penyedia", "Oleh", "Catatan",
    )  # fmt: skip
    for due in history:
        answer = due.answer
        table.add_row(
            KIND_LABELS[answer.key.kind],
            str(answer.key.round),
            STATE_LABELS[answer.state],
            answer.reason or "",
            str(answer.attempts),
            _when(answer.created_at),
            _when(answer.finished_at),
            answer.provider_id or "",
            answer.by or "",
            answer.note or "",
        )
    _console().print(table)


def _when(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment is not None else ""


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)
