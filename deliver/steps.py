"""One complaint from ``received`` on, step by step, until it is settled or waits for somebody."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliver.decide import Decision, Exclude, Hold, Link, Send, decide
from deliver.ledger import Ledger, Stale
from deliver.passing_on import PassingOn
from deliver.rows import LedgerRow
from deliver.sending import Sending
from deliver.states import Actor, State
from normalizer.event import ComplaintEvent


@dataclass(frozen=True, slots=True)
class Plan:
    """How the worker goes about it. ``sending`` None: people enter, the worker only records."""

    sending: Sending | None
    by: Actor
    max_in_flight: int
    hold_seconds: int
    sweep_seconds: float
    stop_grace_seconds: float
    #: Attachments of what is entered; None: people pass them on.
    passing_on: PassingOn | None = None
    #: A stop and a finished entry are noticed at the latest after this.
    fetch_seconds: float = 0.5


async def advance(
    complaint_id: UUID, ledger: Ledger, plan: Plan, now: Callable[[], datetime]
) -> LedgerRow | None:
    """Take a complaint as far as it goes; the row then, None if it waits in ``received``.

    Raises:
        GateClosed: the worker stops; it is taken up again after the next start.
        CredentialsRefused, LedgerUnavailable: the worker must end.
    """
    row = await asyncio.to_thread(ledger.queries.get, complaint_id)
    while row is not None and row.state is State.RECEIVED:
        try:
            row = await _step(row, ledger, plan, now)
        except Stale:
            row = await asyncio.to_thread(ledger.queries.get, complaint_id)
    return row


async def _step(
    row: LedgerRow, ledger: Ledger, plan: Plan, now: Callable[[], datetime]
) -> LedgerRow | None:
    event = row.event()
    match await asyncio.to_thread(_decide, row, event, ledger, plan, now()):
        case Link(reason, tracking_id, linked_to):
            return await asyncio.to_thread(
                ledger.move,
                row,
                State.LINKED,
                plan.by,
                reason,
                now(),
                linked_tracking_id=tracking_id,
                linked_to=linked_to,
            )
        case Hold(reason, until):
            return await asyncio.to_thread(
                ledger.move, row, State.HELD, plan.by, reason, now(), hold_until=until
            )
        case Exclude(reason):
            return await asyncio.to_thread(ledger.move, row, State.EXCLUDED, plan.by, reason, now())
        case Send() if plan.sending is not None:
            return await plan.sending.send(row, event)
        case _:
            return None


def _decide(
    row: LedgerRow, event: ComplaintEvent, ledger: Ledger, plan: Plan, now: datetime
) -> Decision:
    parent = ledger.queries.get(event.relates_to) if event.relates_to is not None else None
    return decide(
        event,
        row,
        parent,
        assisted=plan.sending is None,
        hold_seconds=plan.hold_seconds,
        sent_back=ledger.queries.was_sent_back(row.complaint_id),
        now=now,
    )
