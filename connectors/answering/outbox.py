"""The answers that are owed, given and ended, in ``replies.db``: each step durable before the next.

Safe to call from several threads; a call blocks for a commit of some milliseconds.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import apsw

from connectors.answering.outbox_file import OutboxUnavailable, open_file, transaction
from connectors.answering.rows import (
    AnswerKey,
    AnswerState,
    Due,
    Known,
    Receipt,
    Standing,
    Wanted,
    outcome_of,
)
from connectors.answering.selecting import (
    answers,
    from_ms,
    handed_over,
    items,
    receipt_of,
    to_ms,
    told_entered,
)
from normalizer.outcome import ReplyKind, ReplyOutcome

#: One transaction takes this many of a backlog.
_BATCH = 500


class Outbox:
    """What the replies process does with the file. Every method may raise OutboxUnavailable."""

    def __init__(self, path: Path, *, tells_entered: bool = True) -> None:
        """``tells_entered``: a complaint that is known and in LAPOR! is owed an answer."""
        self._connection = open_file(path)
        self._lock = threading.Lock()
        self._tells_entered = tells_entered

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close(True)

    def check(self) -> None:
        """Prove that an answer could be recorded now."""
        with self._writing() as connection:
            connection.pragma("user_version", connection.pragma("user_version"))

    def record(self, found: Sequence[tuple[Known, Wanted | None]], now: datetime) -> None:
        """Note items and the answers they ask for; what is noted already stays as it is."""
        with self._writing() as connection:
            for item, wanted in found:
                _add_item(connection, item)
                if wanted is not None:
                    _add_answer(connection, item.complaint_id, wanted, now)
                self._owe_entered(connection, item.complaint_id, now)

    def record_receipts(self, receipts: Sequence[Receipt], now: datetime) -> None:
        """Note what stands in LAPOR!, whether its item is known yet or not."""
        with self._writing() as connection:
            for receipt in receipts:
                connection.execute(
                    "INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)",
                    (str(receipt.complaint_id), receipt.tracking_id, to_ms(receipt.entered_at)),
                )
                self._owe_entered(connection, receipt.complaint_id, now)

    def recover(self, now: datetime) -> list[Due]:
        """After a start: what was being sent has an unknown end. Only the owner may call it."""
        with self._writing() as connection:
            cut_off = answers(connection, "WHERE a.state = 'sending'")
            for due in cut_off:
                _end(connection, due.answer.key, AnswerState.UNKNOWN, "interrupted", now)
            # The settings may have changed: who answers is found out again.
            connection.execute("UPDATE answer SET lane = NULL WHERE state = 'waiting'")
            return cut_off

    def unrouted(self) -> list[Due]:
        """Waiting answers of which nobody knows yet who gives them; some, the oldest first."""
        with self._reading() as connection:
            rest = (
                "WHERE a.state = 'waiting' AND a.lane IS NULL"
                " ORDER BY a.next_try_at_ms, a.rowid LIMIT ?"
            )
            return answers(connection, rest, (_BATCH,))

    def route(self, lanes: Sequence[tuple[AnswerKey, str]]) -> None:
        """Say who gives them."""
        with self._writing() as connection:
            for key, lane in lanes:
                connection.execute(
                    "UPDATE answer SET lane = ? WHERE complaint_id = ? AND kind = ? AND round = ?",
                    (lane, *_named(key)),
                )

    def due(self, lane: str, now: datetime) -> Due | None:
        """The answer of this lane whose turn it is."""
        with self._reading() as connection:
            rest = (
                "WHERE a.state = 'waiting' AND a.lane = ? AND a.next_try_at_ms <= ?"
                " ORDER BY a.next_try_at_ms, a.rowid LIMIT 1"
            )
            return next(iter(answers(connection, rest, (lane, to_ms(now)))), None)

    def waiting_since(self, lane: str, before: datetime) -> list[Due]:
        """Waiting answers of this lane that were asked for until then; some."""
        with self._reading() as connection:
            rest = "WHERE a.state = 'waiting' AND a.lane = ? AND a.created_at_ms <= ? LIMIT ?"
            return answers(connection, rest, (lane, to_ms(before), _BATCH))

    def begin(
        self, key: AnswerKey, recipient: str, now: datetime, cap: tuple[int, datetime] | None
    ) -> str | None:
        """Note that it is being sent, from now on; or say why it must not be.

        ``cap``: at most so many answers to this recipient since that moment.
        """
        with self._writing() as connection:
            if key.kind is ReplyKind.RECEIVED and told_entered(connection, key.complaint_id):
                return "superseded"
            if cap is not None and handed_over(connection, recipient, cap[1]) >= cap[0]:
                return "daily_cap"
            connection.execute(
                "UPDATE answer SET state = 'sending', attempts = attempts + 1, recipient = ?,"
                " handed_at_ms = ? WHERE complaint_id = ? AND kind = ? AND round = ?"
                " AND state = 'waiting'",
                (recipient, to_ms(now), *_named(key)),
            )
            if not connection.changes():
                raise OutboxUnavailable("another process works on replies.db: stop it")
            return None

    def finish(
        self,
        key: AnswerKey,
        state: AnswerState,
        reason: str | None,
        now: datetime,
        provider_id: str | None = None,
    ) -> None:
        """It has ended; its outcome is owed to the log."""
        with self._writing() as connection:
            _end(connection, key, state, reason, now, provider_id)

    def postpone(self, key: AnswerKey, until: datetime) -> None:
        """It was certainly not sent; the same again later."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE answer SET state = 'waiting', next_try_at_ms = ?"
                " WHERE complaint_id = ? AND kind = ? AND round = ?",
                (to_ms(until), *_named(key)),
            )

    def owed(self) -> list[tuple[AnswerKey, ReplyOutcome]]:
        """Ends that do not stand on the log yet; some, the oldest first."""
        with self._reading() as connection:
            rest = "WHERE a.outcome_owed = 1 ORDER BY a.finished_at_ms LIMIT ?"
            return [
                (due.answer.key, outcome_of(due)) for due in answers(connection, rest, (_BATCH,))
            ]

    def told(self, keys: Sequence[AnswerKey]) -> None:
        """They stand on the log."""
        with self._writing() as connection:
            for key in keys:
                connection.execute(
                    "UPDATE answer SET outcome_owed = 0"
                    " WHERE complaint_id = ? AND kind = ? AND round = ?",
                    _named(key),
                )

    def waiting(self) -> int:
        """How many answers have no end yet."""
        with self._reading() as connection:
            return int(
                connection.execute(
                    "SELECT count(*) FROM answer WHERE state IN ('waiting', 'sending')"
                ).get
            )

    def receipt(self, complaint_id: UUID) -> Receipt | None:
        """What LAPOR! calls it; None while it is not there."""
        with self._reading() as connection:
            return receipt_of(connection, complaint_id)

    def standing(self, reference: str, reporter_key: str | None) -> Standing | None:
        """What somebody may be told who asks for a number; None also when it is somebody else's."""
        with self._reading() as connection:
            rest = "WHERE i.reference = ? AND NOT i.command ORDER BY i.received_at_ms"
            for item in items(connection, rest, (reference,)):
                # A slip without a sender belongs to whoever holds its number.
                if item.reporter_key in (None, reporter_key):
                    return Standing(item.received_at, receipt_of(connection, item.complaint_id))
            return None

    def forget(self, before: datetime) -> int:
        """Delete items received before then that owe nothing any more; how many went."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM item WHERE received_at_ms < ? AND NOT EXISTS ("
                " SELECT 1 FROM answer a WHERE a.complaint_id = item.complaint_id"
                " AND (a.outcome_owed = 1 OR a.state IN ('waiting', 'sending')))",
                (to_ms(before),),
            )
            gone = connection.changes()
            connection.execute(
                "DELETE FROM receipt WHERE entered_at_ms < ?"
                " AND complaint_id NOT IN (SELECT complaint_id FROM item)",
                (to_ms(before),),
            )
            return gone

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        with self._lock, transaction(self._connection) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        with self._lock, transaction(self._connection, writes=False) as connection:
            yield connection

    def _owe_entered(self, connection: apsw.Connection, complaint_id: UUID, now: datetime) -> None:
        if not self._tells_entered:
            return
        answerable = connection.execute(
            "SELECT coalesce(max(a.created_at_ms), 0) FROM item i JOIN receipt USING (complaint_id)"
            " LEFT JOIN answer a USING (complaint_id)"
            " WHERE complaint_id = ? AND reply_to IS NOT NULL AND NOT command"
            " GROUP BY complaint_id",
            (str(complaint_id),),
        ).get
        if answerable is not None:
            # Its turn is not before that of the first answer, whose thread may have had the later
            # clock.
            turn = max(now, from_ms(answerable))
            _add_answer(connection, complaint_id, Wanted(ReplyKind.ENTERED), turn)


def _add_item(connection: apsw.Connection, item: Known) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(item.complaint_id),
            item.reference,
            item.channel,
            item.account,
            item.reachable_on,
            item.reporter_key,
            to_ms(item.received_at),
            int(item.command),
            int(item.call_back),
            item.reply_to,
        ),
    )


def _add_answer(
    connection: apsw.Connection, complaint_id: UUID, wanted: Wanted, now: datetime
) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO answer"
        " (complaint_id, kind, round, state, asked, about, created_at_ms, next_try_at_ms)"
        " VALUES (?, ?, 1, 'waiting', ?, ?, ?, ?)",
        (str(complaint_id), wanted.kind, wanted.asked, wanted.about, to_ms(now), to_ms(now)),
    )


def _end(
    connection: apsw.Connection,
    key: AnswerKey,
    state: AnswerState,
    reason: str | None,
    now: datetime,
    provider_id: str | None = None,
) -> None:
    connection.execute(
        "UPDATE answer SET state = ?, reason = ?, finished_at_ms = ?, provider_id = ?,"
        " outcome_owed = 1 WHERE complaint_id = ? AND kind = ? AND round = ?",
        (state, reason, to_ms(now), provider_id, *_named(key)),
    )


def _named(key: AnswerKey) -> tuple[str, str, int]:
    return str(key.complaint_id), key.kind, key.round
