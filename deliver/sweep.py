"""What time alone makes due in the ledger."""

import logging
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from deliver.ledger import Ledger, Stale
from deliver.rows import LedgerRow
from deliver.states import Actor, State
from gateway.metrics import LEDGER_COMPLAINTS

log = logging.getLogger(__name__)


def give_up_claims(
    ledger: Ledger,
    by: Actor,
    now: datetime,
    until: datetime | None,
    in_hand: Collection[UUID],
) -> None:
    """What a worker had in hand when it fell may or may not be in LAPOR: now it is unknown.

    ``until``: claims that ran out by then; None: all. ``in_hand`` are our own and stay.
    """
    reason = "worker_restarted" if until is None else "claim_ran_out"
    for row in ledger.queries.claims(until):
        if row.complaint_id not in in_hand:
            _move_if_fresh(ledger, row, State.UNKNOWN, by, reason, now)


def end_holds(ledger: Ledger, by: Actor, now: datetime) -> None:
    """Those that waited long enough for a place go on without it."""
    for row in ledger.queries.ended_holds(now):
        _move_if_fresh(ledger, row, State.RECEIVED, by, "hold_ended", now)


def show_counts(ledger: Ledger) -> None:
    """How many complaints stand where, for the metrics."""
    for state, count in ledger.queries.counts().items():
        LEDGER_COMPLAINTS.labels(state).set(count)


def _move_if_fresh(
    ledger: Ledger, row: LedgerRow, after: State, by: Actor, reason: str, now: datetime
) -> None:
    try:
        ledger.move(row, after, by, reason, now)
    except Stale:
        return  # Somebody was quicker; the row says what is to be done now.
    log.warning(
        "complaint.moved",
        extra={"complaint_id": str(row.complaint_id), "state": after, "reason": reason},
    )
