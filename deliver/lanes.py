"""Many reporters side by side, each of them strictly in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]


class Lanes:
    """Runs jobs: those of one lane one after the other, at most ``limit`` lanes at a time."""

    def __init__(self, limit: int, on_failure: Callable[[BaseException], None]) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._on_failure = on_failure
        self._waiting: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def submit(self, lane: str, job: Job) -> None:
        """Put a job at the end of its lane."""
        if lane in self._waiting:
            self._waiting[lane].append(job)
            return
        self._waiting[lane] = deque((job,))
        task = asyncio.create_task(self._work_off(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, grace_seconds: float) -> None:
        """Begin nothing more, finish what runs; cancel what is not finished in time."""
        self._closed = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _work_off(self, lane: str) -> None:
        jobs = self._waiting[lane]
        try:
            while jobs:
                async with self._slots:
                    if self._closed:
                        return
                    await jobs[0]()
                jobs.popleft()
        except Exception as fault:  # noqa: BLE001 it is handed on, and ends the worker
            self._closed = True
            self._on_failure(fault)
        finally:
            del self._waiting[lane]
