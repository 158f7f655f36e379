"""The worker in the test's own loop, and the sandbox it writes to."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import SecretStr

from compose.lapor_sandbox import faults
from compose.lapor_sandbox.api import STORE
from compose.lapor_sandbox.app import build_app
from compose.lapor_sandbox.settings import SandboxSettings
from compose.lapor_sandbox.store import Complaint
from compose.lapor_sandbox.switches import Switches
from deliver.gate import Gate, Pauses
from deliver.lapor.v3 import LaporV3
from deliver.ledger import Ledger
from deliver.sending import Sending
from deliver.settings import LaporSettings
from deliver.states import Actor, State, Who
from deliver.steps import Plan
from deliver.target import Target
from deliver.worker import Worker
from gateway.cloudevents import accepted_record
from gateway.log import EventLog
from gateway.sealing import Opener, Sealer
from gateway.settings import TopicSettings
from normalizer.event import Classification, ComplaintEvent

TOPICS = TopicSettings()
WORKER = Actor(Who.WORKER, "test-worker")
#: Far more than anything here takes on a busy machine; only a failing test waits that long.
DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running look-alike."""

    app: web.Application
    settings: SandboxSettings
    port: int

    def switch(self, **switches: object) -> None:
        """Set the faults; all others go off."""
        self.app[faults.BOARD].current = Switches.model_validate(switches)

    async def complaints(self, containing: str = "") -> Sequence[Complaint]:
        """What was entered, oldest first."""
        return tuple(reversed(await self.app[STORE].complaints(containing)))

    def lapor(self, **changes: object) -> LaporSettings:
        """Settings that reach this sandbox, with time-outs for tests."""
        values: dict[str, object] = {
            "base_url": f"http://127.0.0.1:{self.port}",
            "bearer": self.settings.bearer,
            "token": self.settings.token,
            "channel": 13,
            "classification_ids": {kind: 6 for kind in Classification},
            "disposition_id": 151345,
            "category_id": 15,
            "user_id": 77,
            "connect_timeout_seconds": 0.5,
            "total_timeout_seconds": 0.7,
        }
        return LaporSettings.model_validate(values | changes)


@asynccontextmanager
async def running_sandbox(database: Path) -> AsyncIterator[Sandbox]:
    """The look-alike on a free port of this process."""
    settings = SandboxSettings(db=database, port=0)
    app = build_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Sandbox(app, settings, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def elsewhere(port: int) -> LaporSettings:
    """Settings for an address where nobody listens."""
    return LaporSettings(
        base_url=f"http://127.0.0.1:{port}",
        bearer=SecretStr("b"),
        token=SecretStr("t"),
        channel=13,
        classification_ids={kind: 6 for kind in Classification},
        disposition_id=1,
        category_id=15,
        user_id=77,
        connect_timeout_seconds=0.5,
        total_timeout_seconds=0.7,
    )


@dataclass(frozen=True, slots=True)
class Desktop:
    """Everything a worker needs, except for the target."""

    event_log: EventLog
    ledger: Ledger
    sealer: Sealer
    opener: Opener
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    plan: Plan = field(
        default=Plan(
            sending=None,
            by=WORKER,
            max_in_flight=4,
            hold_seconds=0,
            sweep_seconds=0.05,
            stop_grace_seconds=5.0,
            fetch_seconds=0.05,
        )
    )
    topics: TopicSettings = TOPICS

    def worker(self, target: Target | None) -> Worker:
        """A worker that has not started."""
        sending = None
        if target is not None:
            sending = Sending(
                ledger=self.ledger,
                target=target,
                gate=Gate(Pauses(0.02, 0.1, 0.1)),
                opener=self.opener,
                zone=ZoneInfo("Asia/Jakarta"),
                by=self.plan.by,
                call_seconds=1.0,
                now=self.now,
            )
        plan = replace(self.plan, sending=sending)
        return Worker(self.event_log, self.topics, self.ledger, self.sealer, plan, self.now)

    @asynccontextmanager
    async def working(self, settings: LaporSettings | None) -> AsyncIterator[asyncio.Task[None]]:
        """A worker at work; at the end it is stopped gracefully and its fault is raised."""
        target = LaporV3(settings) if settings is not None else None
        if target is not None:
            await target.open()
        stop = asyncio.Event()
        task = asyncio.create_task(self.worker(target).run(stop))
        try:
            yield task
            stop.set()
            await asyncio.wait_for(task, DEADLINE_SECONDS)
        finally:
            task.cancel()
            await asyncio.wait({task})
            if target is not None:
                await target.close()

    async def publish(self, *events: ComplaintEvent) -> None:
        """Put events on the log, as the intake does."""
        for event in events:
            await self.event_log.append(self.topics.accepted, accepted_record(event))

    async def reaches(self, event: ComplaintEvent, state: State) -> None:
        """Wait until the ledger has the complaint in that state."""

        async def there() -> bool:
            row = await asyncio.to_thread(self.ledger.queries.get, event.complaint_id)
            return row is not None and row.state is state

        await eventually(there, f"state {state}")

    def reasons(self, event: ComplaintEvent) -> list[str]:
        """The reasons in the history, in order."""
        return [line.reason for line in self.ledger.queries.history(event.complaint_id)]

    async def cursor(self) -> int:
        """The next offset that the group reads."""
        return (await self.event_log.committed(self.topics.accepted, "deliver")).get(0, 0)


async def eventually(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until it holds; fail with ``what`` when it never does."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await check():
        assert time.monotonic() < deadline, f"never came: {what}"
        await asyncio.sleep(0.01)
