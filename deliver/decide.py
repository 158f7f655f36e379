"""What is to be done with a complaint that the ledger has and nobody has in hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deliver.rows import LedgerRow
from deliver.states import State
from normalizer.event import ComplaintEvent, Missing, Relation


@dataclass(frozen=True, slots=True)
class Link:
    """LAPOR has it, or it belongs to another complaint: never entered again."""

    reason: str
    tracking_id: str | None = None
    linked_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait until then; without ``until``, until a person lets it go."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Exclude:
    """The channel knows that it is no complaint. A person may still send it."""

    reason: str


@dataclass(frozen=True, slots=True)
class WaitForOperator:
    """A person enters it; the ledger keeps it until then."""


@dataclass(frozen=True, slots=True)
class Send:
    """Enter it now."""


Decision = Link | Hold | Exclude | WaitForOperator | Send

#: These say nothing that could be entered by itself.
_NEVER_ALONE = frozenset({Relation.DELETION, Relation.REACTION})


def decide(
    event: ComplaintEvent,
    row: LedgerRow,
    parent: LedgerRow | None,
    *,
    assisted: bool,
    hold_seconds: int,
    sent_back: bool,
    now: datetime,
) -> Decision:
    """The next step of a row in state ``received``.

    ``parent`` is the complaint that the event relates to, if the ledger has it. ``sent_back``: an
    operator looked at it and wants it entered, whatever the rules say.
    """
    if not sent_back:
        if event.exclusion is not None:
            return Exclude(event.exclusion)
        if event.origin.already_in_lapor:
            return Link("already_in_lapor", tracking_id=event.origin.tracking_id)
        if event.relates_to is not None and _goes_with(event, parent):
            return Link(str(event.relation or "related"), linked_to=event.relates_to)
        if event.awaits is not None:
            return Hold(event.awaits, None)
        until = event.received_at + timedelta(seconds=hold_seconds)
        if Missing.PLACE in event.completeness and row.hold_until is None and now < until:
            return Hold("place_missing", until)
    return WaitForOperator() if assisted else Send()


def _goes_with(event: ComplaintEvent, parent: LedgerRow | None) -> bool:
    # A supplement to something that is not going into LAPOR would vanish with it.
    if event.relation in _NEVER_ALONE:
        return True
    if parent is None or parent.state is State.EXCLUDED:
        return False
    if event.relation is Relation.REPLY_TO:
        # In public, whoever answers somebody else's complaint has one of their own.
        key = event.reporter.key
        if key is None or key != parent.event().reporter.key:
            return False
    # What the caller said when somebody rang back is the complaint; the missed call is none.
    return not (parent.state is State.HELD and parent.event().awaits is not None)
