"""Waiting with an end: no fixed sleeps in tests, and a sentence when the time is over."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Generous: a loaded two-core machine must not turn a slow answer into a failed test.
PATIENCE_SECONDS = 60.0


def wait_for(
    condition: Callable[[], T | None],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    every: float = 0.1,
) -> T:
    """Ask until the answer is true; that answer."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
    return answer


async def eventually(
    condition: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE_SECONDS
) -> T:
    """The same for asynchronous questions."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        await asyncio.sleep(0.05)
    return answer
