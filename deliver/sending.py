"""One complaint on its way into the target, and the reaction to everything it may answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar, Unpack
from zoneinfo import ZoneInfo

from deliver.database import LedgerUnavailable
from deliver.entry import make_entry, scrub
from deliver.gate import Gate, Passage, Reason
from deliver.ledger import Ledger, Stale, TrackingIdTaken
from deliver.rows import Changes, LedgerRow
from deliver.states import Actor, State
from deliver.target import (
    Busy,
    CredentialsRefused,
    Entry,
    NoAnswer,
    Receipt,
    Refused,
    Target,
    TargetFault,
    Unreachable,
)
from gateway.errors import CannotOpen
from gateway.sealing import Opener
from normalizer.event import ComplaintEvent

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: How long an answer is held on to when the ledger is away; the stop's grace is a little longer.
_HOLD_ANSWER_SECONDS = 20.0
_RETRY_SECONDS = 0.5

#: A call may need longer than its time-out by what the event loop is late.
_CLAIM_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sending:
    """Enters complaints. ``call_seconds`` is the longest that one call may take."""

    ledger: Ledger
    target: Target
    gate: Gate
    opener: Opener
    zone: ZoneInfo
    by: Actor
    call_seconds: float
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send(self, row: LedgerRow, event: ComplaintEvent) -> LedgerRow | None:
        """Enter one complaint in state ``received``; the row after it, None if not its turn.

        Raises:
            Stale: somebody else changed it; nothing was sent.
            GateClosed: the worker stops; nothing was sent.
            CredentialsRefused: the complaint waits; the worker must stop.
        """
        entry = await self._prepare(row, event)
        if isinstance(entry, LedgerRow):
            return entry
        async with self.gate.passage() as passage:
            if passage.probe and not await self._is_there(passage):
                return row
            until = self.now() + timedelta(seconds=self.call_seconds + _CLAIM_MARGIN_SECONDS)
            claimed = await asyncio.to_thread(
                self.ledger.claim, row, self.by, self.now(), until, self.target.mode
            )
            if claimed is None:
                return None
            return await self._enter(claimed, entry, passage)

    async def _prepare(self, row: LedgerRow, event: ComplaintEvent) -> Entry | LedgerRow:
        """The entry; or the parked row when there can be none."""
        try:
            # Opening a seal is an RSA operation of milliseconds.
            return await asyncio.to_thread(make_entry, event, self.opener, self.zone)
        except CannotOpen:
            reason = "cannot_open"
        except Exception as error:
            # One complaint that we cannot put together must not hold up all the others.
            log.exception(
                "entry.not_prepared",
                extra={"complaint_id": str(row.complaint_id), "error": type(error).__name__},
            )
            reason = "cannot_prepare"
        return await self._moved(row, State.PARKED, reason)

    async def _is_there(self, passage: Passage) -> bool:
        """Look before the first write after a pause: an outage then makes no more unknowns."""
        try:
            await self.target.check()
        except (Refused, CredentialsRefused):
            return True  # It answers; the entry itself will say what is the matter.
        except Busy as fault:
            self._paused(passage, "busy", fault.retry_after_seconds)
        except Unreachable:
            self._paused(passage, "unreachable")
        except NoAnswer:
            self._paused(passage, "no_answer")
        else:
            return True
        return False

    async def _enter(self, row: LedgerRow, entry: Entry, passage: Passage) -> LedgerRow:
        try:
            receipt = await self.target.enter(entry)
        except Refused as fault:
            passage.answered()
            words = scrub(fault.words, entry.reporter)
            return await self._moved(row, State.PARKED, "refused", words)
        except Busy as fault:
            pause = self._paused(passage, "busy", fault.retry_after_seconds)
            return await self._back(row, "busy", pause)
        except Unreachable:
            return await self._back(row, "unreachable", self._paused(passage, "unreachable"))
        except CredentialsRefused:
            await self._back(row, "credentials_refused", 0.0)
            log.critical("deliver.stopped", extra={"reason": "credentials_refused"})
            raise
        except NoAnswer as fault:
            self._paused(passage, "no_answer")
            unknown = await self._moved(row, State.UNKNOWN, "no_answer", str(fault))
            return await self._look_up(unknown)
        passage.answered()
        return await self._entered(row, receipt)

    def _paused(self, passage: Passage, reason: Reason, told_seconds: float | None = None) -> float:
        pause = passage.failed(reason, told_seconds)
        log.warning("deliver.paused", extra={"reason": reason, "delay_seconds": round(pause, 1)})
        return pause

    async def _back(self, row: LedgerRow, reason: str, pause: float) -> LedgerRow:
        """Certainly not in LAPOR: it waits again. Another worker leaves it alone for the pause."""
        next_try_at = self.now() + timedelta(seconds=pause)
        return await self._moved(row, State.RECEIVED, reason, next_try_at=next_try_at)

    async def _look_up(self, row: LedgerRow) -> LedgerRow:
        """Ask the target for our reference, where it can be asked. No is no proof: it may come."""
        try:
            receipt = await self.target.find(row.reference)
        except TargetFault:
            return row
        return row if receipt is None else await self._entered(row, receipt)

    async def _entered(self, row: LedgerRow, receipt: Receipt) -> LedgerRow:
        ids = {"complaint_id": str(row.complaint_id), "tracking_id": receipt.tracking_id}
        try:
            entered = await self._kept(self._record_entered, row, receipt)
        except TrackingIdTaken:
            log.error("entry.tracking_id_taken", extra=ids)
            return await self._moved(
                row, State.UNKNOWN, "tracking_id_taken", f"tracking id {receipt.tracking_id}"
            )
        except LedgerUnavailable:
            # The only place left that knows the number: an operator finds it here.
            log.critical("entry.not_recorded", extra=ids)
            raise
        log.info("entry.entered", extra=ids)
        return entered

    def _record_entered(self, row: LedgerRow, receipt: Receipt) -> LedgerRow:
        tracking_id = receipt.tracking_id
        try:
            return self.ledger.move(
                row, State.ENTERED, self.by, "entered", self.now(), tracking_id=tracking_id
            )
        except Stale:
            # Our claim ran out, and the complaint was given up as unknown: now it is known.
            current = self.ledger.queries.get(row.complaint_id)
            if current is None or current.state is not State.UNKNOWN:
                raise
            return self.ledger.move(
                current, State.ENTERED, self.by, "late_answer", self.now(), tracking_id=tracking_id
            )

    async def _moved(
        self,
        row: LedgerRow,
        after: State,
        reason: str,
        note: str | None = None,
        **changes: Unpack[Changes],
    ) -> LedgerRow:
        moved = await self._kept(
            self.ledger.move, row, after, self.by, reason, self.now(), note, **changes
        )
        level = logging.WARNING if after in (State.UNKNOWN, State.PARKED) else logging.INFO
        log.log(
            level,
            "complaint.moved",
            extra={"complaint_id": str(row.complaint_id), "state": after, "reason": reason},
        )
        return moved

    async def _kept(self, write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write to the ledger; while it is away, hold on to what we know for a while."""
        waited = 0.0
        while True:
            try:
                return await asyncio.to_thread(write, *args, **kwargs)
            except LedgerUnavailable:
                if waited >= _HOLD_ANSWER_SECONDS:
                    raise
            await self.sleep(_RETRY_SECONDS)
            waited += _RETRY_SECONDS
