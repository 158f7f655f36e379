"""A process that fetches, and is killed where the test wants it (``python -m``)."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from connectors.media_fetching import Fetching
from connectors.media_jobs import MediaJobs
from connectors.media_worker import GROUP, MediaWorker
from gateway.attachments import make_contents
from gateway.log.sqlite import SqliteLog
from gateway.ownership import Ownership
from tests.connectors.media_bench import GIVE_UP, MAX_BYTES, WebFetcher, config
from tests.intake_bench import TOPICS, Keys

#: Where it can be killed: the object, its method, and whether the method still works before.
POINTS = {
    "noted, not committed": ("jobs", "add", True),
    "fetched, nothing stored": ("contents", "keep", False),
    "stored, not decided": ("contents", "keep", True),
    "decided, not told": ("log", "append", False),
    "told, not finished": ("log", "append", True),
}


def kill_at(target: object, method: str, *, after: bool) -> None:
    """Replace a method by one that ends this process without a word."""
    works = getattr(target, method)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def waits(*arguments: object) -> object:
        if after:
            await works(*arguments)
        die()
        return None

    def at_once(*arguments: object) -> object:
        if after:
            works(*arguments)
        die()
        return None

    setattr(target, method, waits if asyncio.iscoroutinefunction(works) else at_once)


async def main(directory: Path, keys: Path, base: str, point: str) -> None:
    event_log = SqliteLog(directory / "log.db")
    await event_log.open()
    contents = make_contents(config(directory, Keys(keys)))
    jobs = MediaJobs(directory / "media.db")
    name, method, after = POINTS[point]
    kill_at({"jobs": jobs, "contents": contents, "log": event_log}[name], method, after=after)
    fetching = Fetching([WebFetcher(base)], contents, max_bytes=MAX_BYTES, give_up_after=GIVE_UP)
    owner = Ownership(directory, GROUP)
    await MediaWorker(event_log, TOPICS, jobs, fetching, owner, look_seconds=0.02).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
