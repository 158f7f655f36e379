"""What an operator may see and do about answers, also while the replies process runs."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from uuid import UUID

from connectors.answering.outbox_file import open_file, transaction
from connectors.answering.rows import ENDED, AnswerKey, AnswerState, Due, Known
from connectors.answering.selecting import answers, items, receipt_of, to_ms
from normalizer.identity import parse_reference
from normalizer.outcome import ReplyKind

#: Ended, and the reporter does not have it for sure.
_NOT_TOLD = (AnswerState.FAILED, AnswerState.UNKNOWN, AnswerState.SUPPRESSED)

_KIND_LABELS = {ReplyKind.RECEIVED: "received", ReplyKind.ENTERED: "entered"}


class NotDone(Exception):
    """Nothing was changed. The message is Indonesian and says why."""


class Desk:
    """One look at ``replies.db`` after the other. Every method may raise OutboxUnavailable."""

    def __init__(self, path: Path, reference_prefix: str) -> None:
        """Raises NotDone: nobody was ever answered here."""
        if not path.is_file():
            # Made here it would belong to the operator, and the process could not write into it.
            raise NotDone(f"{path} belum ada: proses jawaban belum pernah berjalan")
        self._connection = open_file(path)
        self._prefix = reference_prefix

    def close(self) -> None:
        """Let go."""
        self._connection.close()

    def look_up(self, name: str) -> Known:
        """The item of a number or an id. Raises NotDone."""
        with transaction(self._connection, writes=False) as connection:
            try:
                found = items(connection, "WHERE i.complaint_id = ?", (str(UUID(name)),))
            except ValueError:
                number = parse_reference(name, self._prefix) or name
                found = items(connection, "WHERE i.reference = ?", (number,))
        if not found:
            raise NotDone(f"{name}: tidak ada di catatan jawaban")
        return found[0]

    def history(self, item: Known) -> list[Due]:
        """All answers to an item, oldest first."""
        rest = "WHERE a.complaint_id = ? ORDER BY a.created_at_ms, a.round"
        with transaction(self._connection, writes=False) as connection:
            return answers(connection, rest, (str(item.complaint_id),))

    def listed(self, states: Collection[AnswerState], limit: int) -> list[Due]:
        """The oldest answers in these states; only the newest round of each."""
        places = ", ".join("?" for _ in states)
        rest = (
            f"WHERE a.state IN ({places}) AND a.round = (SELECT max(b.round) FROM answer b"  # noqa: S608 - places
            " WHERE b.complaint_id = a.complaint_id AND b.kind = a.kind)"
            " ORDER BY a.created_at_ms LIMIT ?"
        )
        with transaction(self._connection, writes=False) as connection:
            return answers(connection, rest, (*states, limit))

    def send_again(
        self, item: Known, kind: ReplyKind | None, by: str, note: str, now: datetime
    ) -> AnswerKey:
        """A new round of an answer that has ended.

        Without ``kind``: of the one answer that did not certainly reach the reporter.

        Raises:
            NotDone: there is no such answer, or it has not ended.
        """
        if item.reply_to is None or item.command:
            raise NotDone(f"{item.reference}: tidak ada jalan untuk menjawab pelapor ini")
        newest = {due.answer.key.kind: due for due in self.history(item)}
        chosen = kind or _only_not_told(item, newest)
        with transaction(self._connection) as connection:
            if chosen is ReplyKind.ENTERED and receipt_of(connection, item.complaint_id) is None:
                raise NotDone(f"{item.reference}: belum masuk LAPOR!")
            rest = "WHERE a.complaint_id = ? AND a.kind = ? ORDER BY a.round DESC LIMIT 1"
            last = answers(connection, rest, (str(item.complaint_id), chosen))
            if last and last[0].answer.state not in ENDED:
                raise NotDone(f"{item.reference}: jawaban ini masih menunggu atau sedang dikirim")
            key = AnswerKey(item.complaint_id, chosen, last[0].answer.key.round + 1 if last else 1)
            connection.execute(
                "INSERT INTO answer (complaint_id, kind, round, state, created_at_ms,"
                " next_try_at_ms, made_by, note) VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?)",
                (str(item.complaint_id), chosen, key.round, to_ms(now), to_ms(now), by, note),
            )
        return key


def _only_not_told(item: Known, newest: dict[ReplyKind, Due]) -> ReplyKind:
    open_kinds = [
        kind
        for kind, due in newest.items()
        if kind in _KIND_LABELS and due.answer.state in _NOT_TOLD
    ]
    if len(open_kinds) == 1:
        return open_kinds[0]
    which = "lebih dari satu jawaban" if open_kinds else "tidak ada jawaban"
    raise NotDone(
        f"{item.reference}: {which} yang belum sampai; sebut dengan --kind received atau entered"
    )
