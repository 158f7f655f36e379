"""What every event log must do, on the embedded log and on a real Kafka."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import LogUnavailable, NotKept, RecordRefused, TopicMissing
from gateway.log import EventLog, Record, StoredRecord, Subscription, TopicSpec
from gateway.log.kafka import KafkaLog, KafkaSettings
from gateway.log.kafka_subscription import KafkaSubscription
from gateway.log.limits import MAX_RECORD_BYTES
from gateway.log.sqlite import SqliteLog

# A new member of a Kafka group gets its partitions after a join and a sync; seconds when busy.
PATIENCE_SECONDS = 20.0

Opener = Callable[..., Awaitable[EventLog]]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    """Opens one more handle on the same log; all are closed at the end."""
    logs: list[EventLog] = []
    servers = request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None

    async def open_one(*topic_names: str) -> EventLog:
        log: EventLog
        if servers is None:
            log = SqliteLog(tmp_path / "log.db", topic_names, busy_seconds=2.0)
        else:
            log = KafkaLog(KafkaSettings(bootstrap_servers=servers), topic_names)
        await log.open()
        logs.append(log)
        return log

    yield open_one
    for log in logs:
        await log.close()


@pytest.fixture
async def log(opener: Opener) -> EventLog:
    return await opener()


@pytest.fixture
async def topic(log: EventLog) -> str:
    """A new topic of one partition, so that the order is total on both."""
    name = f"contract.{uuid.uuid4().hex}"
    assert await log.create_topics([TopicSpec(name, 1, 3600)]) == [name]
    return name


def group_name() -> str:
    return f"group.{uuid.uuid4().hex}"


def numbered(number: int, key: bytes | None = b"k") -> Record:
    return Record(key, b"value %d" % number)


async def take(subscription: Subscription, count: int) -> list[StoredRecord]:
    """Exactly ``count`` records, or fail."""
    found: list[StoredRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found += await subscription.fetch(count - len(found), 0.5)
    return found


def values(records: Sequence[StoredRecord]) -> list[bytes]:
    return [each.record.value for each in records]


async def scanned(log: EventLog, topic: str, start: int = 0) -> list[StoredRecord]:
    return [each async for each in log.scan(topic, {0: start})]


async def test_positions_grow(log: EventLog, topic: str) -> None:
    positions = [await log.append(topic, numbered(i)) for i in range(5)]
    assert {(each.topic, each.partition) for each in positions} == {(topic, 0)}
    offsets = [each.offset for each in positions]
    assert offsets == sorted(set(offsets))
    assert (await log.end_offsets(topic))[0] == offsets[-1] + 1


async def test_concurrent_appends_are_all_kept_at_their_places(log: EventLog, topic: str) -> None:
    positions = await asyncio.gather(*(log.append(topic, numbered(i)) for i in range(200)))
    found = {each.position.offset: each.record.value for each in await scanned(log, topic)}
    assert found == {place.offset: b"value %d" % i for i, place in enumerate(positions)}


async def test_awaited_appends_of_a_key_keep_their_order(log: EventLog, topic: str) -> None:
    async def one_reporter(key: bytes) -> None:
        for number in range(20):
            await log.append(topic, Record(key, b"%d" % number))

    keys = [b"reporter-%d" % i for i in range(8)]
    await asyncio.gather(*(one_reporter(key) for key in keys))
    found = await scanned(log, topic)
    for key in keys:
        mine = [int(each.record.value) for each in found if each.record.key == key]
        assert mine == list(range(20))


@pytest.mark.parametrize(
    "record",
    [
        Record(b"key", b"value", (("ce_id", b"1"), ("ce_type", b"x"))),
        Record(None, b"no key"),
        Record(b"", b""),
        Record(b"k\x00ey", bytes(range(256)), (("empty", b""), ("nul", b"\x00\x01\xff"))),
        Record(b"k", b"v", (("twice", b"first"), ("other", b"-"), ("twice", b"second"))),
        Record(b"k", "Jalan rusak di Widodaren — tolong!".encode(), (("é", "ü".encode()),)),
    ],
    ids=["plain", "null-key", "empty", "binary", "repeated-header", "unicode"],
)
async def test_bytes_come_back_as_they_went(log: EventLog, topic: str, record: Record) -> None:
    position = await log.append(topic, record)
    (found,) = await scanned(log, topic)
    assert found.record == record
    assert found.position == position


async def test_logged_at_is_the_present(log: EventLog, topic: str) -> None:
    await log.append(topic, numbered(0))
    (found,) = await scanned(log, topic)
    assert found.logged_at.tzinfo is UTC
    # 5 s: the broker may run in a container whose clock is a little off.
    assert abs(found.logged_at - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_new_group_starts_at_the_earliest_record(log: EventLog, topic: str) -> None:
    for i in range(3):
        await log.append(topic, numbered(i))
    subscription = await log.subscribe(topic, group_name())
    assert values(await take(subscription, 3)) == [b"value 0", b"value 1", b"value 2"]
    await subscription.close()


async def test_a_group_goes_on_where_it_committed(opener: Opener, topic: str) -> None:
    log, group = await opener(), group_name()
    for i in range(4):
        await log.append(topic, numbered(i))
    first = await log.subscribe(topic, group)
    taken = await take(first, 4)
    await first.commit({0: taken[1].position.offset + 1})
    await first.close()
    assert await log.committed(topic, group) == {0: taken[2].position.offset}

    second = await (await opener()).subscribe(topic, group)
    # What was taken and not committed comes again.
    assert await take(second, 2) == taken[2:]
    await second.close()


async def test_nothing_committed_means_everything_again(opener: Opener, topic: str) -> None:
    log, group = await opener(), group_name()
    await log.append(topic, numbered(0))
    first = await log.subscribe(topic, group)
    taken = await take(first, 1)
    await first.close()
    assert await log.committed(topic, group) == {}
    second = await log.subscribe(topic, group)
    assert await take(second, 1) == taken
    await second.close()


async def test_groups_do_not_share_a_cursor(log: EventLog, topic: str) -> None:
    for i in range(2):
        await log.append(topic, numbered(i))
    groups = [group_name(), group_name()]
    subscriptions = [await log.subscribe(topic, group) for group in groups]
    taken = [await take(each, 2) for each in subscriptions]
    assert taken[0] == taken[1]
    await subscriptions[0].commit({0: taken[0][-1].position.offset + 1})
    assert await log.committed(topic, groups[0]) == {0: taken[0][-1].position.offset + 1}
    assert await log.committed(topic, groups[1]) == {}
    for each in subscriptions:
        await each.close()


async def test_a_record_wakes_a_waiting_reader(opener: Opener, topic: str) -> None:
    reader, writer = await opener(), await opener()
    subscription = await reader.subscribe(topic, group_name())
    await writer.append(topic, numbered(0))
    await take(subscription, 1)
    waiting = asyncio.create_task(subscription.fetch(10, 10.0))
    await asyncio.sleep(0)
    started = time.monotonic()
    await writer.append(topic, numbered(1))
    assert values(await waiting) == [b"value 1"]
    # Far below the 10 s that the fetch may wait; a busy machine needs some of it.
    assert time.monotonic() - started < 2.0
    await subscription.close()


async def test_two_members_never_hold_the_same_record(opener: Opener) -> None:
    """While both live and work, each record is delivered to one of them once."""
    log, topic, group = await opener(), f"contract.{uuid.uuid4().hex}", group_name()
    await log.create_topics([TopicSpec(topic, 4, 3600)])
    members = [await (await opener()).subscribe(topic, group) for _ in range(2)]
    # Both must be settled in before records come: a rebalance rightly delivers again.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and not await _settled(members):
        pass
    for i in range(40):
        await log.append(topic, numbered(i, b"key %d" % i))
    seen: list[bytes] = []
    while len(seen) < 40:
        assert time.monotonic() < deadline
        for member in members:
            taken = await member.fetch(100, 0.2)
            seen += values(taken)
            await member.commit(
                {each.position.partition: each.position.offset + 1 for each in taken}
            )
    assert sorted(seen) == sorted(b"value %d" % i for i in range(40))
    assert await log.committed(topic, group) == {
        partition: end for partition, end in (await log.end_offsets(topic)).items() if end > 0
    }
    for member in members:
        await member.close()


async def _settled(members: Sequence[Subscription]) -> bool:
    """One holds the group, or all have their share."""
    for member in members:
        await member.fetch(1, 0.1)
    if members[0].exclusive:
        return True
    return all(isinstance(m, KafkaSubscription) and m._consumer.assignment() for m in members)


async def test_an_exclusive_second_member_stands_by_and_takes_over(opener: Opener) -> None:
    log, topic, group = await opener(), f"contract.{uuid.uuid4().hex}", group_name()
    await log.create_topics([TopicSpec(topic, 1, 3600)])
    await log.append(topic, numbered(0))
    first = await log.subscribe(topic, group)
    taken = await take(first, 1)
    second = await (await opener()).subscribe(topic, group)
    if first.exclusive:
        assert await second.fetch(10, 0.3) == ()
        # A member without the group has nothing to commit.
        await second.commit({0: 1})
        assert await log.committed(topic, group) == {}
    await first.close()
    assert await take(second, 1) == taken
    await second.close()


async def test_a_commit_for_a_partition_not_held_is_passed_over(log: EventLog, topic: str) -> None:
    group = group_name()
    await log.append(topic, numbered(0))
    subscription = await log.subscribe(topic, group)
    (taken,) = await take(subscription, 1)
    await subscription.commit({7: 3})
    assert await log.committed(topic, group) == {}
    await subscription.commit({0: taken.position.offset + 1, 7: 3})
    assert await log.committed(topic, group) == {0: taken.position.offset + 1}
    await subscription.close()


async def test_fetching_none_takes_none(log: EventLog, topic: str) -> None:
    await log.append(topic, numbered(0))
    subscription = await log.subscribe(topic, group_name())
    await take(subscription, 1)
    await log.append(topic, numbered(1))
    for _ in range(3):
        assert list(await subscription.fetch(0, 0.2)) == []
    assert values(await take(subscription, 1)) == [b"value 1"]
    await subscription.close()


async def test_fetch_returns_when_the_time_has_passed(log: EventLog, topic: str) -> None:
    subscription = await log.subscribe(topic, group_name())
    started = time.monotonic()
    assert list(await subscription.fetch(10, 0.2)) == []
    assert time.monotonic() - started < 2.0
    await subscription.close()


async def test_fetch_keeps_to_the_number_asked_for(log: EventLog, topic: str) -> None:
    for i in range(5):
        await log.append(topic, numbered(i))
    subscription = await log.subscribe(topic, group_name())
    found: list[StoredRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < 5:
        assert time.monotonic() < deadline
        batch = await subscription.fetch(2, 0.5)
        assert len(batch) <= 2
        found += batch
    assert values(found) == [b"value %d" % i for i in range(5)]
    await subscription.close()


async def test_a_scan_starts_where_asked_and_ends_at_the_present_end(
    log: EventLog, topic: str
) -> None:
    positions = [await log.append(topic, numbered(i)) for i in range(700)]
    whole = log.scan(topic)
    first = await anext(whole)
    # Comes after the scan began, so the scan does not see it.
    await log.append(topic, numbered(700))
    assert first.record.value == b"value 0"
    assert len([each async for each in whole]) == 699
    part = await scanned(log, topic, positions[650].offset)
    assert values(part) == [b"value %d" % i for i in range(650, 701)]
    assert await scanned(log, topic, positions[-1].offset + 2) == []


async def test_scanning_moves_no_cursor(log: EventLog, topic: str) -> None:
    group = group_name()
    await log.append(topic, numbered(0))
    await scanned(log, topic)
    assert await log.committed(topic, group) == {}


async def test_creating_topics_twice_changes_nothing(log: EventLog) -> None:
    name, other = f"contract.{uuid.uuid4().hex}", f"contract.{uuid.uuid4().hex}"
    assert list(await log.missing_topics([name, other])) == [name, other]
    assert list(await log.create_topics([TopicSpec(name, 2, None, compacted=True)])) == [name]
    both = [TopicSpec(name, 1, 60), TopicSpec(other, 1, 60)]
    assert list(await log.create_topics(both)) == [other]
    assert list(await log.create_topics(both)) == []
    assert list(await log.missing_topics([name, other])) == []


async def test_a_missing_topic_is_told_at_open(opener: Opener, topic: str) -> None:
    await opener(topic)
    with pytest.raises(TopicMissing, match="gateway topics create"):
        await opener(topic, "contract.never-made")


async def test_a_missing_topic_takes_nothing(log: EventLog, topic: str) -> None:
    with pytest.raises(NotKept):
        await log.append("contract.never-made", numbered(0))
    with pytest.raises(TopicMissing):
        await log.subscribe("contract.never-made", group_name())
    with pytest.raises(TopicMissing):
        await log.end_offsets("contract.never-made")
    await log.append(topic, numbered(1))


async def test_an_oversized_record_is_refused_and_its_neighbours_are_kept(
    log: EventLog, topic: str
) -> None:
    big = Record(b"k", b"x" * (MAX_RECORD_BYTES + 1))
    outcomes = await asyncio.gather(
        *(log.append(topic, big if i == 5 else numbered(i)) for i in range(10)),
        return_exceptions=True,
    )
    refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, RecordRefused)]
    assert refused == [5]
    assert len(await scanned(log, topic)) == 9


async def test_the_largest_record_is_kept(log: EventLog, topic: str) -> None:
    record = Record(b"k", b"x" * (MAX_RECORD_BYTES - 100), (("h", b"1"),))
    await log.append(topic, record)
    assert [each.record for each in await scanned(log, topic)] == [record]
    subscription = await log.subscribe(topic, group_name())
    assert (await take(subscription, 1))[0].record == record
    await subscription.close()


async def test_a_compacted_topic_takes_no_record_without_a_key(log: EventLog) -> None:
    topic = f"contract.{uuid.uuid4().hex}"
    await log.create_topics([TopicSpec(topic, 1, None, compacted=True)])
    with pytest.raises(RecordRefused):
        await log.append(topic, numbered(0, key=None))
    await log.append(topic, numbered(1))
    assert values(await scanned(log, topic)) == [b"value 1"]


async def test_a_living_log_passes_its_check(opener: Opener, topic: str) -> None:
    log = await opener(topic)
    await log.check()


async def test_a_closed_log_keeps_nothing_and_says_so(opener: Opener, topic: str) -> None:
    log = await opener(topic)
    await log.close()
    await log.close()
    with pytest.raises(NotKept):
        await log.append(topic, numbered(0))
    with pytest.raises(LogUnavailable):
        await log.check()
    assert await scanned(await opener(), topic) == []


async def test_appends_under_way_are_finished_by_close(opener: Opener, topic: str) -> None:
    log = await opener(topic)
    appends = [asyncio.create_task(log.append(topic, numbered(i))) for i in range(20)]
    await asyncio.sleep(0)
    await log.close()
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    kept = {b"value %d" % i for i, each in enumerate(outcomes) if not isinstance(each, NotKept)}
    assert not [
        each for each in outcomes if isinstance(each, Exception) and not isinstance(each, NotKept)
    ]
    assert kept <= set(values(await scanned(await opener(), topic)))
