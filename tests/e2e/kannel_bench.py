"""The web driver with one Kannel account, before a real event log and a real store of pieces."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp.test_utils import TestServer

from connectors.sms import joining
from connectors.sms.connector import SmsConnector
from connectors.sms.settings import SmsSettings
from gateway.contract import Route, WebReply, WebRequest
from gateway.intake import Intake
from gateway.log.sqlite import SqliteLog
from gateway.pieces import Pieces, tend
from gateway.sealing import load_opener, load_sealer, new_key_pair
from gateway.web import public_app
from normalizer.event import Channel, ComplaintEvent, PrivatePart
from normalizer.normalize import Context
from tests.intake_bench import TOPICS, Bench, FaultyLog
from tests.servers import free_ports

PASSWORD = "rahasiakannel"
# Kannel repeats every second here and gives up joining after its own timeout.
PATIENCE_SECONDS = 30.0


@dataclass
class Webhook:
    """The web driver with one Kannel account; remembers who called."""

    bench: Bench
    port: int
    join_wait_seconds: float
    #: The id of every request, whatever became of it.
    asked: list[str | None] = field(default_factory=list)
    refused: int = 0

    async def events(self) -> list[tuple[ComplaintEvent, PrivatePart]]:
        return [
            (event, self.bench.opener.open(event.sealed or ""))
            for event in await self.bench.events()
        ]

    async def texts(self) -> set[str | None]:
        return {private.original_text for _, private in await self.events()}

    def routes(self, password: str) -> list[Route]:
        account = {
            "name": "desa",
            "dialect": "kannel",
            "username": "kannel",
            "password": password,
            "join_wait_seconds": self.join_wait_seconds,
        }
        settings = SmsSettings.model_validate({"accounts": [account]})
        routes = SmsConnector(settings.accounts, "http://127.0.0.1").routes()
        return [
            replace(each, verify=self._counted(each), read=self._noted(each)) for each in routes
        ]

    def _counted(self, route: Route) -> Callable[[WebRequest], None]:
        def verify(request: WebRequest) -> None:
            self.refused += 1
            route.verify(request)
            self.refused -= 1

        return verify

    def _noted(self, route: Route) -> Callable[[WebRequest], WebReply]:
        def read(request: WebRequest) -> WebReply:
            reply = route.read(request)
            self.asked += [item.source_id for item in reply.items]
            return reply

        return read


@dataclass
class Routes:
    """A connector of given routes."""

    given: list[Route]

    def routes(self) -> list[Route]:
        return self.given


@asynccontextmanager
async def listening(
    directory: Path, password: str = PASSWORD, join_wait_seconds: float = 600
) -> AsyncIterator[Webhook]:
    """The webhook on a free port; what waits long enough is published."""
    secret = b"s" * 32
    new_key_pair(directory / "public.json", directory / "private")
    inner = SqliteLog(directory / "log.db")
    await inner.open()
    await inner.create_topics(TOPICS.specs())
    pieces = Pieces(directory / "pieces.db", secret, {Channel.SMS: joining.join})
    await pieces.open()
    log = FaultyLog(inner)
    intake = Intake(
        log,  # type: ignore[arg-type]  # it hands everything but append through
        TOPICS,
        Context(reporter_key_secret=secret),
        load_sealer(directory / "public.json"),
        pieces=pieces,
    )
    (port,) = free_ports(1)
    bench = Bench(intake, log, load_opener(directory / "private"))
    made = Webhook(bench, port, join_wait_seconds)
    app = public_app(intake, [Routes(made.routes(password))], max_body_bytes=65_536)
    tending = asyncio.create_task(tend(intake, every_seconds=0.2))
    try:
        async with TestServer(app, port=port):
            yield made
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
        await pieces.close()
        await inner.close()


async def until(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Poll with a deadline; ``holds`` may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        assert time.monotonic() < deadline, "Kannel did not do it in time"
        await asyncio.sleep(0.05)
