"""What the log on Kafka makes of refusals, lost answers and absent brokers."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown, RecordRefused
from gateway.log import (
    Record,
    StoredRecord,
    Subscription,
    TopicSpec,
    kafka_endings,
    kafka_subscription,
)
from gateway.log.kafka import KafkaLog, KafkaSettings
from tests.gateway.log.rows import values
from tests.servers.kafka import LocalBroker
from tests.servers.tcp_proxy import Fault, TcpProxy, tcp_proxy

pytestmark = pytest.mark.kafka

# Short, so that the tests of silence are; everything on one machine answers in milliseconds.
APPEND_SECONDS = 2.0
PATIENCE_SECONDS = 30.0


def topic_name() -> str:
    return f"kafka.{uuid.uuid4().hex}"


def settings(bootstrap_servers: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers, append_timeout_seconds=APPEND_SECONDS)


@pytest.fixture
async def log(kafka_broker: LocalBroker) -> AsyncIterator[KafkaLog]:
    """On a broker that may be taken away."""
    made = KafkaLog(settings(kafka_broker.bootstrap_servers))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def topic(log: KafkaLog) -> str:
    name = topic_name()
    await log.create_topics([TopicSpec(name, 1, None)])
    return name


@pytest.fixture
def group() -> str:
    """Of its own: a member that a test cut off stays in its group for the session time."""
    return f"group.{uuid.uuid4().hex}"


@pytest.fixture
async def proxy(kafka_broker: LocalBroker) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(kafka_broker.proxy_port, kafka_broker.behind_port) as made:
        yield made


@pytest.fixture
async def far_log(
    kafka_broker: LocalBroker, proxy: TcpProxy, topic: str
) -> AsyncIterator[KafkaLog]:
    """The same log, reached only through the proxy."""
    made = KafkaLog(settings(f"127.0.0.1:{kafka_broker.proxy_port}"), [topic])
    await made.open()
    await made.append(topic, Record(b"k", b"before"))
    yield made
    proxy.set_fault(Fault.NONE)
    await made.close()


def narrow_topic(bootstrap_servers: str, max_message_bytes: int) -> str:
    """A topic that takes less than our own limit; its limit counts whole batches."""
    name = topic_name()
    new = NewTopic(name, 1, 1, config={"max.message.bytes": str(max_message_bytes)})
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    made = admin.create_topics([new])
    made[name].result(PATIENCE_SECONDS)
    return name


async def append_until_kept(log: KafkaLog, topic: str, value: bytes) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await log.append(topic, Record(b"k", value))
            return
        except NotKept:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def take(subscription: Subscription, count: int) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found += await subscription.fetch(count - len(found), 0.5)
    return found


# Settings


def test_the_password_is_not_shown() -> None:
    shown = repr(KafkaSettings("127.0.0.1:9092", sasl_username="u", sasl_password="hush-hush"))
    assert "hush-hush" not in shown


async def test_topics_are_made_as_safe_as_asked(kafka_broker: LocalBroker) -> None:
    asked = KafkaSettings(kafka_broker.bootstrap_servers, flush_messages=1)
    log, kept, compacted = KafkaLog(asked), topic_name(), topic_name()
    await log.create_topics([TopicSpec(kept, 3, 60), TopicSpec(compacted, 1, None, compacted=True)])
    admin = AdminClient({"bootstrap.servers": kafka_broker.bootstrap_servers})
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in (kept, compacted)]
    answers = admin.describe_configs(resources)
    first, second = (answers[each].result(PATIENCE_SECONDS) for each in resources)
    assert first["flush.messages"].value == "1"
    assert first["retention.ms"].value == "60000"
    assert first["cleanup.policy"].value == "delete"
    assert first["message.timestamp.type"].value == "LogAppendTime"
    assert first["unclean.leader.election.enable"].value == "false"
    assert second["cleanup.policy"].value == "compact"
    assert second["retention.ms"].value == "-1"
    assert await log.end_offsets(kept) == {0: 0, 1: 0, 2: 0}


# Refusals


async def test_a_refused_record_takes_no_neighbour_with_it(
    kafka_broker: LocalBroker, log: KafkaLog, caplog: pytest.LogCaptureFixture
) -> None:
    topic = await asyncio.to_thread(narrow_topic, kafka_broker.bootstrap_servers, 3000)
    await log.append(topic, Record(b"k", b"before"))
    # Appended at once, so that they travel in one batch.
    outcomes = await asyncio.gather(
        *(log.append(topic, Record(b"k", bytes(5000) if i == 7 else b"%d" % i)) for i in range(20)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[7], RecordRefused)
    assert [i for i, each in enumerate(outcomes) if isinstance(each, Exception)] == [7]
    assert "log.batch_refused" in [record.message for record in caplog.records]
    caplog.clear()
    # The partition goes on: a producer that was kept would be out of sequence for good.
    for i in range(20, 25):
        await log.append(topic, Record(b"k", b"%d" % i))
    assert "log.batch_refused" not in [record.message for record in caplog.records]
    expected = [b"before", *(b"%d" % i for i in range(25) if i != 7)]
    assert sorted(await values(log, topic)) == sorted(expected)


async def test_a_batch_refused_as_a_whole_is_kept_one_by_one(
    kafka_broker: LocalBroker, log: KafkaLog
) -> None:
    topic = await asyncio.to_thread(narrow_topic, kafka_broker.bootstrap_servers, 3000)
    await log.append(topic, Record(b"k", b"before"))
    sent = [b"%03d" % i + bytes(500) for i in range(30)]
    await asyncio.gather(*(log.append(topic, Record(b"k", value)) for value in sent))
    assert sorted((await values(log, topic))[1:]) == sent


async def test_too_few_replicas_is_neither_kept_nor_healthy(kafka_broker: LocalBroker) -> None:
    topic = topic_name()
    asked = KafkaSettings(
        kafka_broker.bootstrap_servers,
        append_timeout_seconds=APPEND_SECONDS,
        min_insync_replicas=2,
    )
    log = KafkaLog(asked)
    await log.open()
    # RF 1 with min.insync.replicas=2: the broker takes the topic and no record with acks=all.
    plain = KafkaLog(settings(kafka_broker.bootstrap_servers))
    await plain.create_topics([TopicSpec(topic, 1, None)])
    strict = KafkaLog(asked, [topic])
    await strict.open()
    with pytest.raises(LogUnavailable, match="in-sync"):
        await strict.check()
    await plain.close()
    await strict.close()
    await log.close()


# Silence


async def test_a_lost_answer_is_repeated_without_a_double(
    far_log: KafkaLog, proxy: TcpProxy, topic: str
) -> None:
    proxy.set_fault(Fault.MUTE)
    appending = asyncio.create_task(far_log.append(topic, Record(b"k", b"answer lost")))
    deadline = time.monotonic() + APPEND_SECONDS / 2
    while proxy.muted_answers == 0:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    # The broker has it, and its confirmation is gone. Now the line breaks and comes back.
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    position = await appending
    assert await values(far_log, topic) == [b"before", b"answer lost"]
    assert position.offset in (1, -1)


async def test_answers_lost_for_long_lose_no_record(
    far_log: KafkaLog, proxy: TcpProxy, topic: str
) -> None:
    proxy.set_fault(Fault.MUTE)
    outcomes = await asyncio.gather(
        *(far_log.append(topic, Record(b"k", b"%d" % i)) for i in range(5)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {OutcomeUnknown}
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    # The source comes again with the same event; the log takes it without being opened anew.
    for i in range(5):
        await append_until_kept(far_log, topic, b"%d" % i)
    found = Counter(await values(far_log, topic))
    assert set(found) == {b"before", *(b"%d" % i for i in range(5))}
    assert max(found.values()) <= 2


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HOLD])
async def test_an_absent_broker_is_told_in_time(
    far_log: KafkaLog, proxy: TcpProxy, topic: str, fault: Fault
) -> None:
    proxy.set_fault(fault)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await far_log.append(topic, Record(b"k", b"nobody answers"))
    assert time.monotonic() - started < APPEND_SECONDS + 1.0
    with pytest.raises(LogUnavailable):
        await far_log.check()
    # check() has a bound of 5 s.
    assert time.monotonic() - started < APPEND_SECONDS + 8.0
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    await append_until_kept(far_log, topic, b"after")
    await far_log.check()
    assert (await values(far_log, topic))[-1] == b"after"


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HOLD])
async def test_close_is_bounded_and_leaves_nothing_running(
    kafka_broker: LocalBroker,
    proxy: TcpProxy,
    topic: str,
    group: str,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_endings, "_LEAVE_SECONDS", 1.0)
    monkeypatch.setattr(kafka_endings, "_FLUSH_SECONDS", 1.0)
    before = asyncio.all_tasks()
    log = KafkaLog(settings(f"127.0.0.1:{kafka_broker.proxy_port}"), [topic])
    await log.open()
    subscription = await log.subscribe(topic, group)
    await subscription.fetch(1, 0.2)
    proxy.set_fault(fault)
    with pytest.raises(NotKept):
        await log.append(topic, Record(b"k", b"unconfirmed"))
    started = time.monotonic()
    await subscription.close()
    await log.close()
    # Two endings of 1 s, each with at most three cuts of 2 s.
    assert time.monotonic() - started < 14.0
    proxy.cut()
    await asyncio.sleep(0.1)
    left = {task for task in asyncio.all_tasks() - before if "TcpProxy" not in repr(task)}
    assert left == set()


async def test_opening_without_a_broker_says_what_to_do(proxy: TcpProxy) -> None:
    proxy.set_fault(Fault.REFUSE)
    log = KafkaLog(settings(f"127.0.0.1:{9}"))
    with pytest.raises(LogUnavailable, match="bootstrap_servers"):
        await log.open()
    with pytest.raises(NotKept):
        await log.append("any", Record(b"k", b"v"))
    with pytest.raises(LogUnavailable):
        await log.subscribe("any", "group")
    await log.close()


async def test_a_member_notices_that_the_cluster_is_gone(
    far_log: KafkaLog, proxy: TcpProxy, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_subscription, "_PROBE_SECONDS", 0.5)
    monkeypatch.setattr(kafka_subscription, "_COMMIT_SECONDS", 0.5)
    # The least that a broker allows. The member that was cut off could not say that it left, and
    # the next one gets its partition only after this.
    monkeypatch.setattr(kafka_subscription, "_SESSION_MS", 6000)
    subscription = await far_log.subscribe(topic, group)
    (taken,) = await take(subscription, 1)
    proxy.set_fault(Fault.REFUSE)
    with pytest.raises(LogUnavailable):
        await subscription.commit({0: taken.position.offset + 1})
    deadline = time.monotonic() + PATIENCE_SECONDS
    with pytest.raises(LogUnavailable):
        while time.monotonic() < deadline:
            await subscription.fetch(10, 0.2)
    await subscription.close()
    proxy.set_fault(Fault.NONE)
    again = await far_log.subscribe(topic, group)
    assert await take(again, 1) == [taken]
    await again.close()


# Membership


async def test_work_from_before_a_rebalance_is_not_committed(
    log: KafkaLog, topic: str, group: str
) -> None:
    for i in range(3):
        await log.append(topic, Record(b"k", b"%d" % i))
    first = await log.subscribe(topic, group)
    taken = await take(first, 2)
    second = await log.subscribe(topic, group)
    # The join of the second takes the partition from the first, and maybe gives it back.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while first._delivered:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await first.commit({0: taken[-1].position.offset + 1})
    assert await log.committed(topic, group) == {}
    await first.close()
    await second.close()
