"""An intake on a real event log, with keys of its own and faults on demand."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import NotKept
from gateway.intake import Intake
from gateway.log import EventLog, Position, Record, StoredRecord
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, load_opener, load_sealer, new_key_pair
from gateway.settings import TopicSettings
from normalizer.count import SourceCount
from normalizer.event import ComplaintEvent, RejectedItem
from normalizer.normalize import Context

TOPICS = TopicSettings()


@dataclass
class Keys:
    directory: Path

    @property
    def public(self) -> Path:
        return self.directory / "public.json"

    @property
    def private(self) -> Path:
        return self.directory / "private"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    made = Keys(tmp_path_factory.mktemp("keys"))
    new_key_pair(made.public, made.private)
    return made


class FaultyLog:
    """A real log whose appends can be made to fail, before or after they are durable."""

    def __init__(self, inner: EventLog) -> None:
        self.inner = inner
        #: Raised instead of appending.
        self.before: NotKept | None = None
        #: Raised although the record is durable: the confirmation was lost.
        self.after: NotKept | None = None
        #: Only appends to this topic fail; None: all of them.
        self.topic: str | None = None

    async def append(self, topic: str, record: Record) -> Position:
        if self.topic not in (None, topic):
            return await self.inner.append(topic, record)
        if self.before is not None:
            raise self.before
        position = await self.inner.append(topic, record)
        if self.after is not None:
            raise self.after
        return position

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@dataclass
class Bench:
    """What a test of the intake needs at hand."""

    intake: Intake
    log: FaultyLog
    opener: Opener

    async def stored(self, topic: str = TOPICS.accepted) -> Sequence[StoredRecord]:
        return [record async for record in self.log.inner.scan(topic)]

    async def events(self) -> Sequence[ComplaintEvent]:
        return [ComplaintEvent.from_bytes(r.record.value) for r in await self.stored()]

    async def rejected(self) -> Sequence[RejectedItem]:
        stored = await self.stored(TOPICS.rejected)
        return [RejectedItem.model_validate_json(r.record.value) for r in stored]

    async def counts(self) -> Sequence[SourceCount]:
        stored = await self.stored(TOPICS.counted)
        return [SourceCount.from_bytes(r.record.value) for r in stored]


@pytest.fixture
async def bench(tmp_path: Path, keys: Keys) -> AsyncIterator[Bench]:
    inner = SqliteLog(tmp_path / "log.db")
    await inner.open()
    await inner.create_topics(TOPICS.specs())
    log = FaultyLog(inner)
    intake = Intake(
        log,  # type: ignore[arg-type]  # it hands everything but append through
        TOPICS,
        Context(reporter_key_secret=b"s" * 32),
        load_sealer(keys.public),
    )
    yield Bench(intake, log, load_opener(keys.private))
    await inner.close()
