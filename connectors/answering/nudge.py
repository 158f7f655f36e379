"""Wakes whoever waits for the outbox to change. What another process writes is found by looking."""

import asyncio
from contextlib import suppress


class Nudge:
    """Take ``next`` before looking, wait for it after having found nothing: no change is missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Set at the next change."""
        return self._event

    def ring(self) -> None:
        """Something changed."""
        self._event.set()
        self._event = asyncio.Event()


async def until(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
