"""One pass over the log: what it holds, how far the worker has come, which numbers are in it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deliver.proof.sources import Numbered, Scope, numbered
from deliver.settings import GROUP
from deliver.unreadable import channel_of, item_id
from gateway.log import EventLog, Position, StoredRecord
from gateway.settings import TopicSettings
from normalizer.event import Channel, ComplaintEvent, RejectedItem


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Something on the log; in a report, one that the log gave out for good and nobody has."""

    #: The complaint id; for a record that is no event, the id it would have in the rejected topic.
    item_id: UUID
    reference: str | None
    channel: Channel
    day: date
    position: Position


@dataclass(frozen=True, slots=True)
class FirstKept:
    """The oldest record that a partition still has."""

    offset: int
    logged_at: datetime


@dataclass(slots=True)
class Logged:
    """What stood on the log. ``cursor`` is older than ``items``: what is before it was taken."""

    cursor: Mapping[int, int]
    #: Where each partition ended before ``items`` were read; 0: it never had a record.
    ends: Mapping[int, int]
    #: Of the first time that each came.
    items: dict[UUID, Unaccounted] = field(default_factory=dict)
    #: Those of ``items`` that are no event.
    unreadable: set[UUID] = field(default_factory=set)
    first_kept: dict[int, FirstKept] = field(default_factory=dict)
    #: Rejected items, by intake or by deliver.
    rejected: dict[UUID, RejectedItem] = field(default_factory=dict)
    numbers: dict[Scope, set[int]] = field(default_factory=lambda: defaultdict(set))
    batches: dict[tuple[Channel, str], set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def taken(self, item: Unaccounted) -> bool:
        """Whether the worker was given it for good."""
        return item.position.offset < self.cursor.get(item.position.partition, 0)

    def rejected_numbers(self) -> Collection[Numbered]:
        """Which numbers of their sources the rejected items had."""
        return [
            Numbered(item.channel, item.account, item.item_id, item.source_numbers)
            for item in self.rejected.values()
            if item.source_numbers
        ]


async def read_log(event_log: EventLog, topics: TopicSettings, zone: ZoneInfo) -> Logged:
    """Read both topics to their present end.

    Raises:
        LogUnavailable.
    """
    # In this order: what stands before the cursor was in the ledger before the cursor moved.
    cursor = await event_log.committed(topics.accepted, GROUP)
    found = Logged(cursor, await event_log.end_offsets(topics.accepted))
    async for stored in event_log.scan(topics.accepted):
        _take(found, stored, zone)
    async for stored in event_log.scan(topics.rejected):
        try:
            item = RejectedItem.model_validate_json(stored.record.value, extra="ignore")
        except ValidationError:
            continue
        found.rejected[item.item_id] = item
        _count(found, Numbered(item.channel, item.account, item.item_id, item.source_numbers or ()))
    return found


async def came_meanwhile(
    event_log: EventLog, topics: TopicSettings, found: Logged
) -> frozenset[UUID]:
    """The complaints that were appended since ``found`` was read."""
    ids = set()
    async for stored in event_log.scan(topics.accepted, found.ends):
        try:
            ids.add(ComplaintEvent.from_bytes(stored.record.value).complaint_id)
        except ValidationError:
            continue
    return frozenset(ids)


def _take(found: Logged, stored: StoredRecord, zone: ZoneInfo) -> None:
    at = stored.position
    if at.partition not in found.first_kept:
        found.first_kept[at.partition] = FirstKept(at.offset, stored.logged_at)
    try:
        event = ComplaintEvent.from_bytes(stored.record.value)
    except ValidationError:
        channel, _ = channel_of(stored)
        day = stored.logged_at.astimezone(zone).date()
        item = Unaccounted(item_id(at), None, channel, day, at)
        found.unreadable.add(item.item_id)
    else:
        day = event.received_at.astimezone(zone).date()
        item = Unaccounted(event.complaint_id, event.reference, event.channel, day, at)
        _count(found, numbered(event))
        if event.batch is not None:
            found.batches[event.channel, event.batch].add(event.complaint_id)
    found.items.setdefault(item.item_id, item)


def _count(found: Logged, item: Numbered) -> None:
    for one in item.numbers:
        found.numbers[Scope(item.channel, item.account, one.scope)].add(one.number)
