"""A mailbox's settings, and an intake that keeps what comes out of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from connectors.mail.connector import MailConnector
from connectors.mail.settings import MailAccount
from gateway.attachments import AttachmentStore
from gateway.blobs import make_blobs
from gateway.contract import Item, Kept
from gateway.errors import NotKept
from gateway.intake import Intake
from gateway.polling import PollingDriver
from gateway.sealing import load_sealer
from gateway.settings import read_config
from normalizer.event import ComplaintEvent, PrivatePart
from normalizer.normalize import Context
from tests.intake_bench import TOPICS, Bench, Keys
from tests.servers.dovecot import PASSWORD, USER
from tests.waiting import eventually


def mailbox(port: int, **changed: object) -> MailAccount:
    """The settings of the test server's mailbox."""
    values: dict[str, object] = {
        "name": "aduan",
        "host": "127.0.0.1",
        "port": port,
        "security": "plain",
        "username": USER,
        "password": PASSWORD,
        "poll_seconds": 1.0,
        "timeout_seconds": 10.0,
        "addresses": (USER,),
    }
    return MailAccount.model_validate(values | changed)


class House:
    """An intake with a store for attachments. It is the door, and remembers what it kept."""

    def __init__(self, bench: Bench, keys: Keys, directory: Path) -> None:
        (directory / "gateway.toml").write_text("", encoding="utf-8")
        sealer = load_sealer(keys.public)
        self.bench = bench
        self.directory = directory
        #: Ids of events and rejections, in the order of their first keeping.
        self.kept: dict[UUID, None] = {}
        #: How often anything was kept.
        self.times = 0
        #: How often the log did not take one.
        self.refused = 0
        self._intake = Intake(
            bench.log,  # type: ignore[arg-type]  # it hands everything but append through
            TOPICS,
            Context(reporter_key_secret=b"s" * 32),
            sealer,
            contents=AttachmentStore(
                make_blobs(read_config(directory / "gateway.toml")), sealer, 1_000_000
            ),
        )

    async def accept(self, item: Item) -> Kept:
        """See ``Door.accept``."""
        try:
            kept = await self._intake.accept(item)
        except NotKept:
            self.refused += 1
            raise
        self.kept[kept.item_id] = None
        self.times += 1
        return kept

    def connector(self, settings: MailAccount) -> MailConnector:
        return MailConnector(settings, self.directory)

    @asynccontextmanager
    async def polling(self, settings: MailAccount) -> AsyncIterator[MailConnector]:
        """The mailbox is read until the end of the block."""
        connector = self.connector(settings)
        task = asyncio.create_task(PollingDriver(connector, self, _soon).run())
        try:
            yield connector
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def holds(self, count: int, what: str = "", seconds: float = 60.0) -> None:
        """Wait until so many different items are kept."""

        async def there() -> bool:
            return len(self.kept) >= count

        await eventually(there, what or f"{count} items", seconds)

    async def events(self) -> list[tuple[ComplaintEvent, PrivatePart]]:
        """Every event once, with what is sealed in it."""
        found = {event.complaint_id: event for event in await self.bench.events()}
        return [(one, self.bench.opener.open(one.sealed or "")) for one in found.values()]

    async def texts(self) -> set[str | None]:
        return {private.original_text for _, private in await self.events()}


async def _soon(_: float) -> None:
    """The driver's pause, without the waiting."""
    await asyncio.sleep(0.02)
