"""The equation of the last days as the front page shows it: counted now and then, not each time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from deliver.proof.period import Period
from deliver.proof.prove import Proof
from gateway.errors import GatewayFault

log = logging.getLogger(__name__)

#: The front page shows so many days.
DAYS = 7

#: Counting reads the whole log: not oftener than this, however many people look.
_FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A proof and when it was made. ``failed``: a later count did not come through."""

    proof: Proof
    at: datetime
    days: tuple[date, ...]
    failed: bool = False


class Equation:
    """Counts in the background while the last result is shown. Used by one event loop."""

    def __init__(
        self,
        count: Callable[[Period], Awaitable[Proof]],
        zone: tzinfo,
        now: Callable[[], datetime],
    ) -> None:
        self._count = count
        self._one_at_a_time = asyncio.Lock()
        self._zone = zone
        self._now = now
        self._last: Counted | None = None
        self._counting: asyncio.Task[None] | None = None

    @property
    def today(self) -> date:
        """The local day."""
        return self._now().astimezone(self._zone).date()

    async def count(self, period: Period) -> Proof:
        """The proof of any period. One at a time: each reads the whole log.

        Raises:
            LogUnavailable, LedgerUnavailable.
        """
        async with self._one_at_a_time:
            return await self._count(period)

    async def recent(self) -> Counted | None:
        """The last count, at most a minute old or being made anew; None when it cannot be made."""
        if self._counted_today() is None:
            # The first visitor of a day waits: nobody is shown yesterday as today. A count that
            # is on its way may have begun before midnight; then another one follows it.
            await asyncio.shield(self._counting_now())
            if self._counted_today() is None:
                await asyncio.shield(self._counting_now())
        elif self._last and (self._now() - self._last.at).total_seconds() >= _FRESH_SECONDS:
            self._counting_now()
        return self._counted_today()

    async def close(self) -> None:
        """Stop counting."""
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait({self._counting})

    def _counted_today(self) -> Counted | None:
        return self._last if self._last and self._last.days[-1] == self.today else None

    def _counting_now(self) -> "asyncio.Task[None]":
        """One count at a time; shielded, since a visitor who goes away must not end it."""
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count_anew())
        return self._counting

    async def _count_anew(self) -> None:
        today = self.today
        days = tuple(today - timedelta(days=back) for back in reversed(range(DAYS)))
        try:
            proof = await self.count(Period(days[0], days[-1]))
        except GatewayFault as fault:
            log.warning("console.count_failed", extra={"error": type(fault).__name__})
            if self._last is not None:
                # The age stays to be seen, and a dead log is not asked at every request.
                self._last = replace(self._last, failed=True)
            return
        self._last = Counted(proof, self._now(), days)
