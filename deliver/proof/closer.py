"""The worker closes each day by itself, a while after midnight."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deliver.ledger import Ledger
from deliver.proof.chain import ClosedDay
from deliver.proof.closings import AlreadyClosed, LedgerInUse
from deliver.proof.day import close_through
from deliver.proof.prove import Desk
from deliver.proof.settings import ProofSettings
from gateway.errors import LogUnavailable
from gateway.intake import utc_now
from gateway.lifecycle import opened, running
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, GatewaySettings, TopicSettings

log = logging.getLogger(__name__)

#: A day may be closed a minute late.
_LOOK_EVERY_SECONDS = 60.0

Close = Callable[[date, datetime], Awaitable[Sequence[ClosedDay]]]


class Closer:
    """Closes every day that is over, once; of several workers one does it, and the others see."""

    def __init__(
        self,
        close: Close,
        zone: ZoneInfo,
        after_midnight: timedelta,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._close = close
        self._zone = zone
        self._after_midnight = after_midnight
        self._now = now
        self._sleep = sleep
        self._done: date | None = None

    async def run(self) -> None:
        """Until it is cancelled; a cancel leaves no half closing.

        Raises:
            LedgerUnavailable: the worker must end.
        """
        while True:
            day = self._last_day_over()
            if day != self._done:
                await self._close_one(day)
            await self._sleep(_LOOK_EVERY_SECONDS)

    def _last_day_over(self) -> date:
        local = self._now().astimezone(self._zone) - self._after_midnight
        return local.date() - timedelta(days=1)

    async def _close_one(self, day: date) -> None:
        try:
            made = await self._close(day, self._now())
        except AlreadyClosed:
            self._done = day
        except (LedgerInUse, LogUnavailable) as fault:
            # Comes again at the next look.
            log.warning("day.not_closed", extra={"error": type(fault).__name__})
        else:
            self._done = day
            for closed in made:
                log.info("day.closed", extra={"count": closed.rows})


@asynccontextmanager
async def closing_days(
    config: ConfigFile, ledger: Ledger, by: str, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Close days as long as the block lasts; nothing when it is switched off."""
    settings = config.load(ProofSettings)
    if not settings.close_days:
        yield
        return
    zone = ZoneInfo(config.load(GatewaySettings).time_zone)
    topics = config.load(TopicSettings)

    async def close(day: date, now: datetime) -> Sequence[ClosedDay]:
        async with opened(make_log(config, topics.names)) as event_log:
            desk = Desk(event_log, topics, ledger, ledger.books, zone, settings)
            return await close_through(desk, day, now, by)

    async def aside(day: date, now: datetime) -> Sequence[ClosedDay]:
        # In a thread with a log of its own: it reads everything, and must not slow the worker.
        return await asyncio.to_thread(asyncio.run, close(day, now))

    closer = Closer(aside, zone, timedelta(minutes=settings.close_after_minutes))
    async with running(closer.run(), stop):
        yield
