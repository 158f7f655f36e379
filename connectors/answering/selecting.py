"""Rows of the outbox read back as values; for the process and for the operators' desk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import apsw

from connectors.answering.rows import Answer, AnswerKey, AnswerState, Asked, Due, Known, Receipt
from normalizer.event import Channel
from normalizer.outcome import ReplyKind

_ITEM = (
    "i.complaint_id, i.reference, i.channel, i.account, i.reachable_on, i.reporter_key,"
    " i.received_at_ms, i.command, i.call_back, i.reply_to"
)
_ANSWER = (
    "a.kind, a.round, a.state, a.reason, a.asked, a.about, a.created_at_ms, a.next_try_at_ms,"
    " a.attempts, a.finished_at_ms, a.provider_id, a.made_by, a.note"
)
_ITEM_COLUMNS = _ITEM.count(",") + 1

#: What stands in the columns.
Value = str | int | None
_Row = Sequence[Value]


def to_ms(moment: datetime) -> int:
    """Unix milliseconds."""
    return int(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """Aware UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def answers(connection: apsw.Connection, rest: str, values: Sequence[Value] = ()) -> list[Due]:
    """Answers with their items. ``rest``: WHERE and what follows, of ``a`` and ``i``; our words."""
    found = connection.execute(
        f"SELECT {_ITEM}, {_ANSWER} FROM answer a JOIN item i USING (complaint_id) {rest}",  # noqa: S608
        tuple(values),
    )
    return [_due(row) for row in found]


def items(connection: apsw.Connection, rest: str, values: Sequence[Value] = ()) -> list[Known]:
    """Items. ``rest``: WHERE and what follows, of ``i``; our words."""
    found = connection.execute(f"SELECT {_ITEM} FROM item i {rest}", tuple(values))  # noqa: S608
    return [_known(row) for row in found]


def told_entered(connection: apsw.Connection, complaint_id: UUID) -> bool:
    """Whether LAPOR!'s number was told, or may have been."""
    found = connection.execute(
        "SELECT 1 FROM answer WHERE complaint_id = ? AND kind = 'entered'"
        " AND state IN ('sending', 'sent', 'unknown')",
        (str(complaint_id),),
    ).get
    return found is not None


def handed_over(connection: apsw.Connection, recipient: str, since: datetime) -> int:
    """How many answers this recipient got, or may have got."""
    found = connection.execute(
        "SELECT count(*) FROM answer WHERE recipient = ? AND handed_at_ms >= ?"
        " AND state IN ('sending', 'sent', 'unknown')",
        (recipient, to_ms(since)),
    ).get
    return int(found)


def receipt_of(connection: apsw.Connection, complaint_id: UUID) -> Receipt | None:
    """What LAPOR! calls it; None while it is not there."""
    found = connection.execute(
        "SELECT tracking_id, entered_at_ms FROM receipt WHERE complaint_id = ?",
        (str(complaint_id),),
    ).get
    return None if found is None else Receipt(complaint_id, str(found[0]), from_ms(found[1]))


def _known(row: _Row) -> Known:
    complaint_id, reference, channel, account, reachable_on, key, received, command, call, way = row
    return Known(
        complaint_id=UUID(str(complaint_id)),
        reference=str(reference),
        channel=Channel(str(channel)),
        account=str(account),
        reachable_on=None if reachable_on is None else Channel(str(reachable_on)),
        reporter_key=_text(key),
        received_at=_moment(received),
        command=bool(command),
        call_back=bool(call),
        reply_to=_text(way),
    )


def _due(row: _Row) -> Due:
    item = _known(row[:_ITEM_COLUMNS])
    (
        kind, round_, state, reason, asked, about, created, next_try, attempts, finished,
        provider_id, by, note,
    ) = row[_ITEM_COLUMNS:]  # fmt: skip
    answer = Answer(
        key=AnswerKey(item.complaint_id, ReplyKind(str(kind)), int(str(round_))),
        state=AnswerState(str(state)),
        reason=_text(reason),
        asked=None if asked is None else Asked(str(asked)),
        about=_text(about),
        created_at=_moment(created),
        next_try_at=_moment(next_try),
        attempts=int(str(attempts)),
        finished_at=None if finished is None else _moment(finished),
        provider_id=_text(provider_id),
        by=_text(by),
        note=_text(note),
    )
    return Due(answer, item)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _moment(value: Value) -> datetime:
    return from_ms(int(str(value)))
