"""The polling driver: connect, receive, accept, settle. The only back-off loop of the intake."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.contract import Delivery, Door, PollingConnector
from gateway.errors import NotConnected, NotKept
from gateway.metrics import POLLING_CONNECTED

log = logging.getLogger(__name__)

#: A source that was away for a moment is asked again at once; one that is down, once a minute.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

Sleep = Callable[[float], Awaitable[None]]


class PollingDriver:
    """Drives one polled channel until it is cancelled.

    An item is settled only after the log has it. While the log is away nothing further is received
    and the item at hand is offered again. Cancelling waits for an item that is being kept.
    """

    def __init__(
        self, connector: PollingConnector, door: Door, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._connector = connector
        self._door = door
        self._sleep = sleep
        self._pause = FIRST_PAUSE_SECONDS
        self._ids = {"channel": connector.channel, "account": connector.account}

    async def run(self) -> None:
        """Poll for ever."""
        connected = POLLING_CONNECTED.labels(**self._ids)
        while True:
            try:
                await self._connector.connect()
                connected.set(1)
                log.info("channel.connected", extra=self._ids)
                while True:
                    await self._one(await self._connector.receive())
            except NotConnected:
                log.warning(
                    "channel.disconnected", extra={**self._ids, "delay_seconds": self._pause}
                )
            finally:
                connected.set(0)
                await self._connector.close()
            await self._back_off()

    async def _one(self, delivery: Delivery) -> None:
        # Shielded: a stop between "kept" and "settled" would make the source send it again.
        keeping = asyncio.ensure_future(self._keep(delivery))
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            if not keeping.cancelled():
                await asyncio.wait({keeping}, timeout=FIRST_PAUSE_SECONDS * 10)
            raise
        self._pause = FIRST_PAUSE_SECONDS

    async def _keep(self, delivery: Delivery) -> None:
        while True:
            try:
                await self._door.accept(delivery.item)
            except NotKept:
                await self._back_off()
            else:
                break
        await delivery.settle()

    async def _back_off(self) -> None:
        await self._sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
