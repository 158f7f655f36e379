"""What the replies process remembers, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from normalizer.event import Channel
from normalizer.outcome import ReplyKind, ReplyOutcome, ReplyState

_NAMESPACE = UUID("7b0c5a0e-6e0f-5a52-9d0c-3c7f0b8f6a11")


class AnswerState(StrEnum):
    """Where an answer stands. ``sending`` is left by its own process only."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


#: These do not change any more; another round may follow.
ENDED = frozenset(AnswerState(state) for state in ReplyState)


class Asked(StrEnum):
    """What a word to the gateway asks for."""

    HELP = "help"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Known:
    """An item of which something may be told later. It holds no text, and nobody's address."""

    complaint_id: UUID
    reference: str
    channel: Channel
    account: str
    reachable_on: Channel | None
    reporter_key: str | None
    received_at: datetime
    #: A word to the gateway itself; nobody asks for its state.
    command: bool = False
    #: A missed call; its first answer has words of its own.
    call_back: bool = False
    #: JWE of the reply path, as it came. None: nobody can be answered.
    reply_to: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer that is to be given as soon as its item is known."""

    kind: ReplyKind
    asked: Asked | None = None
    #: The number that was asked for.
    about: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Names one answer."""

    complaint_id: UUID
    kind: ReplyKind
    round: int

    @property
    def idempotency_key(self) -> str:
        """The same at every attempt, after every crash."""
        return str(uuid5(_NAMESPACE, f"{self.complaint_id}/{self.kind}/{self.round}"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and how far it got."""

    key: AnswerKey
    state: AnswerState
    reason: str | None
    asked: Asked | None
    about: str | None
    created_at: datetime
    next_try_at: datetime
    attempts: int
    finished_at: datetime | None
    provider_id: str | None
    by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """An answer to be given now, and whom it is for."""

    answer: Answer
    item: Known


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a complaint stands in LAPOR!."""

    complaint_id: UUID
    tracking_id: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is told of a complaint to somebody who asks."""

    received_at: datetime
    receipt: Receipt | None


def outcome_of(due: Due) -> ReplyOutcome:
    """How an ended answer stands on the log."""
    answer, item = due.answer, due.item
    if answer.finished_at is None:
        raise ValueError("an answer without an end has no outcome")
    return ReplyOutcome(
        complaint_id=item.complaint_id,
        reference=item.reference,
        channel=item.channel,
        account=item.account,
        kind=answer.key.kind,
        state=ReplyState(answer.state),
        reason=answer.reason,
        round=answer.key.round,
        at=answer.finished_at,
    )
