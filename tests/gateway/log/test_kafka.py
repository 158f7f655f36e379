"""What the log on Kafka makes of its settings, of refusals and of rebalances."""

import asyncio
import time

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic

from gateway.errors import LogUnavailable, Misconfigured, RecordRefused
from gateway.log import Record, TopicSpec
from gateway.log.kafka import KafkaLog, KafkaSettings
from tests.gateway.log.kafka_bench import PATIENCE_SECONDS, settings, take, topic_name
from tests.gateway.log.rows import values
from tests.servers.kafka import LocalBroker

pytestmark = pytest.mark.kafka


def narrow_topic(bootstrap_servers: str, max_message_bytes: int) -> str:
    """A topic that takes less than our own limit; its limit counts whole batches."""
    name = topic_name()
    new = NewTopic(name, 1, 1, config={"max.message.bytes": str(max_message_bytes)})
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    made = admin.create_topics([new])
    made[name].result(PATIENCE_SECONDS)
    return name


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
    kafka_broker: LocalBroker, kafka_log: KafkaLog, caplog: pytest.LogCaptureFixture
) -> None:
    topic = await asyncio.to_thread(narrow_topic, kafka_broker.bootstrap_servers, 3000)
    await kafka_log.append(topic, Record(b"k", b"before"))
    # Appended at once, so that they travel in one batch.
    outcomes = await asyncio.gather(
        *(
            kafka_log.append(topic, Record(b"k", bytes(5000) if i == 7 else b"%d" % i))
            for i in range(20)
        ),
        return_exceptions=True,
    )
    assert isinstance(outcomes[7], RecordRefused)
    assert [i for i, each in enumerate(outcomes) if isinstance(each, Exception)] == [7]
    assert "log.batch_refused" in [record.message for record in caplog.records]
    caplog.clear()
    # The partition goes on: a producer that was kept would be out of sequence for good.
    for i in range(20, 25):
        await kafka_log.append(topic, Record(b"k", b"%d" % i))
    assert "log.batch_refused" not in [record.message for record in caplog.records]
    expected = [b"before", *(b"%d" % i for i in range(25) if i != 7)]
    assert sorted(await values(kafka_log, topic)) == sorted(expected)


async def test_a_batch_refused_as_a_whole_is_kept_one_by_one(
    kafka_broker: LocalBroker, kafka_log: KafkaLog
) -> None:
    topic = await asyncio.to_thread(narrow_topic, kafka_broker.bootstrap_servers, 3000)
    await kafka_log.append(topic, Record(b"k", b"before"))
    sent = [b"%03d" % i + bytes(500) for i in range(30)]
    await asyncio.gather(*(kafka_log.append(topic, Record(b"k", value)) for value in sent))
    assert sorted((await values(kafka_log, topic))[1:]) == sent


async def test_fewer_copies_than_asked_for_is_not_healthy(kafka_broker: LocalBroker) -> None:
    topic = topic_name()
    await KafkaLog(settings(kafka_broker.bootstrap_servers)).create_topics(
        [TopicSpec(topic, 1, None)]
    )
    two_copies = KafkaSettings(
        kafka_broker.bootstrap_servers, replication_factor=3, min_insync_replicas=2
    )
    log = KafkaLog(two_copies, [topic])
    await log.open()
    with pytest.raises(LogUnavailable, match="in-sync"):
        await log.check()
    await log.close()


async def test_a_topic_that_the_cluster_cannot_make_is_told(kafka_broker: LocalBroker) -> None:
    log = KafkaLog(KafkaSettings(kafka_broker.bootstrap_servers, replication_factor=3))
    with pytest.raises(LogUnavailable, match="InvalidReplicationFactorError"):
        await log.create_topics([TopicSpec(topic_name(), 1, None)])


def test_more_in_sync_replicas_than_replicas_is_refused() -> None:
    with pytest.raises(Misconfigured, match="min_insync_replicas"):
        KafkaSettings("127.0.0.1:9092", replication_factor=1, min_insync_replicas=2)


# Membership


async def test_work_from_before_a_rebalance_is_not_committed(
    kafka_log: KafkaLog, kafka_topic: str, group: str
) -> None:
    for i in range(3):
        await kafka_log.append(kafka_topic, Record(b"k", b"%d" % i))
    first = await kafka_log.subscribe(kafka_topic, group)
    taken = await take(first, 2)
    second = await kafka_log.subscribe(kafka_topic, group)
    # The join of the second takes the partition from the first, and maybe gives it back.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while first._delivered:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await first.commit({0: taken[-1].position.offset + 1})
    assert await kafka_log.committed(kafka_topic, group) == {}
    await first.close()
    await second.close()
