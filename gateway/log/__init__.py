"""The event log: what every implementation promises.

Two implementations are held to one contract suite (``tests/contract/test_event_log.py``):
``kafka.py`` for a cluster and ``sqlite.py``, the embedded default for one box.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended: bytes only. ``key`` keeps records of one reporter in order."""

    key: bytes | None
    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands. Offsets grow by one or more inside one partition.

    Of an append, -1 when the broker knew the record already and no longer says where it stands.
    """

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record read back, with its place and the time at which the log took it (aware UTC)."""

    position: Position
    record: Record
    logged_at: datetime

    def header(self, name: str) -> bytes | None:
        """The first header of that name."""
        return next((value for key, value in self.record.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as ``gateway topics create`` makes it."""

    name: str
    partitions: int
    #: None keeps for ever.
    retention_seconds: int | None
    compacted: bool = False


class Subscription(Protocol):
    """One member of a consumer group on one topic. Used by one task at a time."""

    @property
    def exclusive(self) -> bool:
        """True while this member holds the whole group, so that no other can hold records."""
        ...

    async def fetch(self, max_records: int, timeout_seconds: float) -> Sequence[StoredRecord]:
        """The next records, at most ``max_records``; empty when the time passed without any.

        Not the same as done: what was fetched and not committed is fetched again by the group's
        next member. Call it at least every few seconds even when full (``max_records=0`` keeps
        the membership alive without taking any).

        Raises:
            LogUnavailable: the log is away; the subscription must be closed and made again.
        """
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Set the group's cursor, per partition, to the next offset to read.

        Offsets of partitions this member no longer holds are passed over: their new holder reads
        those records again. Bounded in time.

        Raises:
            LogUnavailable: not confirmed; the cursor may or may not have moved.
        """
        ...

    async def close(self) -> None:
        """Leave the group without committing. Bounded in time; never raises."""
        ...


class EventLog(Protocol):
    """An append-only log of topics that survives the process and, when it says so, the power."""

    async def open(self) -> None:
        """Connect and warm up.

        Raises:
            LogUnavailable: cannot be reached or written; says where and what to do.
            TopicMissing: a topic of ours does not exist.
        """
        ...

    async def append(self, topic: str, record: Record) -> Position:
        """Return only after the record is durable (fsync, or all in-sync replicas).

        Safe to call from many tasks at once; records of one key keep the order of the calls
        only if each call is awaited before the next.

        Raises:
            OutcomeUnknown: no confirmation in time; the record may appear later.
            RecordRefused: this record will never be taken; others are not affected.
            NotKept: not written.
        """
        ...

    async def subscribe(self, topic: str, group: str) -> Subscription:
        """Join a consumer group; a new group starts at the earliest record.

        Raises:
            LogUnavailable: the log is away.
        """
        ...

    def scan(
        self, topic: str, start: Mapping[int, int] | None = None
    ) -> AsyncIterator[StoredRecord]:
        """Every record from ``start`` (partition to offset; default: earliest) to the present end.

        Belongs to no group, moves no cursor and ends at the end of the topic as it was when the
        scan began. Raises LogUnavailable while iterating.
        """
        ...

    async def committed(self, topic: str, group: str) -> Mapping[int, int]:
        """The group's cursor per partition; a partition without one is left out."""
        ...

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Per partition, the offset that the next record will get."""
        ...

    async def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        """Make the topics that do not exist; returns the names made. Others stay as they are."""
        ...

    async def missing_topics(self, names: Sequence[str]) -> Sequence[str]:
        """Those of the names that do not exist."""
        ...

    async def check(self) -> None:
        """Prove that a record could be kept right now. Bounded in time.

        Raises:
            LogUnavailable: it could not.
        """
        ...

    async def close(self) -> None:
        """Finish what was appended, then let go. Bounded in time; never raises."""
        ...
