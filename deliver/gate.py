"""One gate before the target: open, or closed for everybody until one has tried again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from gateway.metrics import DELIVER_PAUSED

Reason = Literal["busy", "unreachable", "no_answer"]
Sleep = Callable[[float], Awaitable[None]]


class GateClosed(Exception):
    """The worker stops. Reaction: leave the complaint as it is."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long the gate stays closed: doubling from ``first`` to the longest of the reason."""

    first_seconds: float
    max_seconds: float
    no_answer_max_seconds: float

    def after(self, failures: int, reason: Reason) -> float:
        """Seconds to wait after so many failures in a row."""
        longest = self.no_answer_max_seconds if reason == "no_answer" else self.max_seconds
        # 2**20 seconds are longer than any limit; more would only overflow.
        return min(longest, self.first_seconds * 2.0 ** min(failures - 1, 20))


class Gate:
    """Used by one event loop. After a failure one goes first, and the others wait for it."""

    def __init__(
        self,
        pauses: Pauses,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pauses = pauses
        self._sleep = sleep
        self._clock = clock
        self._reason: Reason | None = None
        self._until = 0.0
        self._failures = 0
        self._generation = 0
        self._probing = False
        self._shut = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a complaint would go straight through."""
        return self._reason is None and not self._shut

    @property
    def pause(self) -> tuple[Reason, float] | None:
        """Why it is closed and for how many seconds yet; 0: one is about to try. None: open."""
        if self._reason is None:
            return None
        return self._reason, max(0.0, self._until - self._clock())

    def shut(self) -> None:
        """Let nobody through any more; those who wait get GateClosed."""
        self._shut = True
        self._tell()

    @asynccontextmanager
    async def passage(self) -> AsyncIterator["Passage"]:
        """Wait until it is one's turn. Whoever goes through says on the passage how it went.

        Raises:
            GateClosed: the worker stops.
        """
        passage = await self._wait()
        try:
            yield passage
        finally:
            self._leave(passage)

    async def _wait(self) -> "Passage":
        while not self._shut:
            if self._reason is None:
                return Passage(self, self._generation, probe=False)
            if not self._probing:
                return await self._probe()
            await self._changed.wait()
        raise GateClosed

    async def _probe(self) -> "Passage":
        self._probing = True
        pause = asyncio.ensure_future(self._sleep(max(0.0, self._until - self._clock())))
        try:
            while not pause.done():
                if self._shut:
                    raise GateClosed
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({pause, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        except BaseException:
            self._probing = False
            self._tell()
            raise
        finally:
            pause.cancel()
        return Passage(self, self._generation, probe=True)

    def _leave(self, passage: "Passage") -> None:
        if passage.probe and passage.generation == self._generation:
            # Gone without an answer: the next one tries.
            self._probing = False
            self._tell()

    def report(self, passage: "Passage", reason: Reason | None, told_seconds: float) -> float:
        """Only the first report since the last change counts; eight may fail at the same time."""
        if passage.generation != self._generation:
            return max(0.0, self._until - self._clock())
        if reason is None and self._reason is None:
            return 0.0
        self._generation += 1
        self._probing = False
        self._failures = 0 if reason is None else self._failures + 1
        if self._reason is not None:
            DELIVER_PAUSED.labels(self._reason).set(0)
        self._reason = reason
        pause = 0.0
        if reason is not None:
            DELIVER_PAUSED.labels(reason).set(1)
            pause = max(told_seconds, self._pauses.after(self._failures, reason))
        self._until = self._clock() + pause
        self._tell()
        return pause

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Passage:
    """One's way through the gate."""

    __slots__ = ("_gate", "generation", "probe")

    def __init__(self, gate: Gate, generation: int, *, probe: bool) -> None:
        self._gate = gate
        self.generation = generation
        #: True: the first one after a pause. It had better look before it writes.
        self.probe = probe

    def answered(self) -> None:
        """The target answers: open for everybody."""
        self._gate.report(self, None, 0.0)

    def failed(self, reason: Reason, told_seconds: float | None = None) -> float:
        """The target does not: closed for everybody. Returns the pause in seconds."""
        return self._gate.report(self, reason, told_seconds or 0.0)
