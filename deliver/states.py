"""The states of a complaint in the ledger, and who may move it from where to where."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a complaint stands on its way into LAPOR."""

    #: In the ledger; waits for the worker, or in assisted mode for an operator.
    RECEIVED = "received"
    #: Waits for a missing place until a time, or for a person to ring back.
    HELD = "held"
    #: Somebody has it in hand: the worker is calling LAPOR, or an operator is typing it in.
    SENDING = "sending"
    #: LAPOR has it under a tracking id. Final.
    ENTERED = "entered"
    #: Part of something that LAPOR has already; not entered again.
    LINKED = "linked"
    #: Not for LAPOR; a person, or the channel, said so and why.
    EXCLUDED = "excluded"
    #: Sent, and no answer came: it may or may not be in LAPOR. Never sent again blindly.
    UNKNOWN = "unknown"
    #: LAPOR refused it, or it cannot be opened; a person corrects and sends again.
    PARKED = "parked"


class Who(StrEnum):
    """Who made a move."""

    WORKER = "worker"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Actor:
    """A worker by its id, or a person by the name of the account."""

    who: Who
    name: str


_WORKER = frozenset({Who.WORKER})
_OPERATOR = frozenset({Who.OPERATOR})
_BOTH = _WORKER | _OPERATOR

#: Everything that is allowed. None: the complaint was not in the ledger before.
TRANSITIONS: Mapping[tuple[State | None, State], frozenset[Who]] = {
    (None, State.RECEIVED): _WORKER,
    (State.RECEIVED, State.HELD): _WORKER,
    (State.HELD, State.RECEIVED): _BOTH,
    (State.RECEIVED, State.LINKED): _WORKER,
    (State.RECEIVED, State.SENDING): _BOTH,
    # A sealed part that no key opens: nothing was sent.
    (State.RECEIVED, State.PARKED): _WORKER,
    (State.SENDING, State.ENTERED): _BOTH,
    # Certainly not sent, or given back by the operator who had it in hand.
    (State.SENDING, State.RECEIVED): _BOTH,
    (State.SENDING, State.PARKED): _WORKER,
    (State.SENDING, State.UNKNOWN): _WORKER,
    (State.UNKNOWN, State.ENTERED): _BOTH,
    (State.UNKNOWN, State.RECEIVED): _OPERATOR,
    (State.PARKED, State.ENTERED): _OPERATOR,
    (State.PARKED, State.RECEIVED): _OPERATOR,
    # By the worker: what the channel knows to be no complaint (an answering machine, a command).
    (State.RECEIVED, State.EXCLUDED): _BOTH,
    (State.HELD, State.EXCLUDED): _OPERATOR,
    (State.PARKED, State.EXCLUDED): _OPERATOR,
    (State.UNKNOWN, State.EXCLUDED): _OPERATOR,
    # A decision taken back.
    (State.EXCLUDED, State.RECEIVED): _OPERATOR,
    (State.LINKED, State.RECEIVED): _OPERATOR,
}

#: The worker has nothing more to do for these by itself: their log offsets may be committed.
SETTLED = frozenset(
    {State.HELD, State.ENTERED, State.LINKED, State.EXCLUDED, State.UNKNOWN, State.PARKED}
)


def may_move(before: State | None, after: State, who: Who) -> bool:
    """Whether the table allows it."""
    return who in TRANSITIONS.get((before, after), frozenset())
