"""The event log on a Kafka cluster."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gateway.errors import LogUnavailable, NotKept, TopicMissing
from gateway.log import Position, Record, StoredRecord, TopicSpec
from gateway.log.kafka_endings import end_consumer
from gateway.log.kafka_producer import KafkaProducer
from gateway.log.kafka_settings import KafkaSettings, connection, topic_configs
from gateway.log.kafka_subscription import KafkaSubscription, stored

__all__ = ["KafkaLog", "KafkaSettings"]

# A question to a living cluster is answered in milliseconds; a check must end before its caller
# (a health page, a watchdog) loses patience.
_ASK_SECONDS = 5.0
# Making topics writes to the controller's quorum first, and leaders are elected after that.
_CREATE_SECONDS = 30.0
# A partition of a new topic gets its leader after some tens of milliseconds.
_ELECTION_SECONDS = 0.05
# A scan that gets nothing for this long, while there is something left, will get nothing.
_SCAN_SECONDS = 30.0
_SCAN_ROWS = 500


class _Partition(TypedDict):
    """What aiokafka's metadata answer says of one partition."""

    partition: int
    leader: int
    isr: list[int]


class _Topic(TypedDict):
    topic: str
    error_code: int
    partitions: list[_Partition]


class KafkaLog:
    """Topics of a cluster. What ``append`` confirmed is on all in-sync replicas.

    With one broker that is the broker's page cache unless the topics were created with
    ``flush_messages=1``. Stays usable over a broker's absence without being opened again.
    """

    def __init__(self, settings: KafkaSettings, topic_names: Sequence[str] = ()) -> None:
        """Nothing is connected before ``open``; ``topic_names`` must exist by then."""
        self._settings = settings
        self._topic_names = tuple(topic_names)
        self._producer: KafkaProducer | None = None

    async def open(self) -> None:
        """See ``EventLog.open``."""
        missing = await self.missing_topics(self._topic_names)
        if missing:
            raise _missing(missing)
        producer = KafkaProducer(self._settings)
        try:
            await producer.start(self._topic_names)
        except BaseException:
            await producer.close()
            raise
        self._producer = producer

    async def append(self, topic: str, record: Record) -> Position:
        """See ``EventLog.append``."""
        if self._producer is None:
            raise NotKept("the event log is not open")
        return await self._producer.append(topic, record)

    async def subscribe(self, topic: str, group: str) -> KafkaSubscription:
        """See ``EventLog.subscribe``."""
        subscription = KafkaSubscription(self._settings, topic, group)
        await subscription.join()
        return subscription

    async def scan(
        self, topic: str, start: Mapping[int, int] | None = None
    ) -> AsyncIterator[StoredRecord]:
        """See ``EventLog.scan``. Partitions come in any order, each in its own."""
        async with self._reader(topic) as (consumer, ends):
            async with _bounded(_ASK_SECONDS):
                begins = await consumer.beginning_offsets(list(ends))
            left = set()
            for each, end in ends.items():
                first = max((start or {}).get(each.partition, 0), begins[each])
                consumer.seek(each, first)
                if first < end:
                    left.add(each)
            while left:
                async with _bounded(_SCAN_SECONDS):
                    batches, reached = await _advance(consumer, left)
                for each, batch in batches.items():
                    for found in batch:
                        if found.offset < ends[each]:
                            yield stored(found)
                left -= {each for each, position in reached.items() if position >= ends[each]}

    async def committed(self, topic: str, group: str) -> Mapping[int, int]:
        """See ``EventLog.committed``."""
        async with self._admin() as admin:
            found = await admin.list_consumer_group_offsets(group)
            return {
                each.partition: cursor.offset
                for each, cursor in found.items()
                if each.topic == topic and cursor.offset >= 0
            }

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """See ``EventLog.end_offsets``."""
        async with self._reader(topic) as (_, ends):
            return {each.partition: end for each, end in ends.items()}

    async def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        """See ``EventLog.create_topics``. Returns when every partition has a leader."""
        made = []
        async with self._admin(_CREATE_SECONDS) as admin:
            present = set(await admin.list_topics())
            wanted = [spec for spec in specs if spec.name not in present]
            if not wanted:
                return []
            answer = await admin.create_topics([self._new_topic(spec) for spec in wanted])
            for name, code, *_ in answer.topic_errors:
                error = kafka.for_code(code)
                if error is kafka.NoError:
                    made.append(name)
                elif error is not kafka.TopicAlreadyExistsError:
                    raise LogUnavailable(f"Kafka did not make {name} ({error.__name__})")
            names = [spec.name for spec in wanted]
            while _lacking(await _describe(admin), names, 1):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(_ELECTION_SECONDS)
        return made

    async def missing_topics(self, names: Sequence[str]) -> Sequence[str]:
        """See ``EventLog.missing_topics``."""
        async with self._admin() as admin:
            present = set(await admin.list_topics())
        return [name for name in names if name not in present]

    async def check(self) -> None:
        """See ``EventLog.check``.

        Proves that our producer is connected, and that every partition of our topics has a leader
        and as many in-sync replicas as the settings ask for. (A topic made with fewer replicas than
        that would still take records: Kafka then waits for the copies there are.) A broker whose
        disk fails takes its partitions offline, which shows here. Writes nothing: unlike the
        embedded log a Kafka topic has no place for a record that is not an event.
        """
        if self._producer is None:
            raise LogUnavailable("the event log is not open")
        async with self._admin() as admin:
            lacking = _lacking(
                await _describe(admin), self._topic_names, self._settings.min_insync_replicas
            )
        if lacking:
            raise LogUnavailable(
                f"Kafka has no leader or too few in-sync replicas for {', '.join(lacking)}"
            )
        try:
            await self._producer.ensure_connected()
        except NotKept as away:
            raise LogUnavailable(str(away)) from None

    async def close(self) -> None:
        """See ``EventLog.close``."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.close()

    def _new_topic(self, spec: TopicSpec) -> NewTopic:
        return NewTopic(
            spec.name,
            spec.partitions,
            self._settings.replication_factor,
            topic_configs=topic_configs(self._settings, spec),
        )

    @asynccontextmanager
    async def _admin(self, seconds: float = _ASK_SECONDS) -> AsyncIterator[AIOKafkaAdminClient]:
        """A fresh admin client: a kept one would not find the cluster at a new address."""
        admin = AIOKafkaAdminClient(
            **connection(self._settings), request_timeout_ms=int(seconds * 1000)
        )
        try:
            async with _bounded(seconds):
                await admin.start()
                yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _reader(
        self, topic: str
    ) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, int]]]:
        """A consumer without a group, assigned to all partitions, and where each ends now."""
        async with self._admin() as admin:
            found = (await _describe(admin)).get(topic)
        if found is None:
            raise _missing([topic])
        partitions = [TopicPartition(topic, each["partition"]) for each in found["partitions"]]
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            request_timeout_ms=int(_ASK_SECONDS * 1000),
        )
        try:
            async with _bounded(_ASK_SECONDS):
                await consumer.start()
                consumer.assign(partitions)
                ends = await consumer.end_offsets(partitions)
            yield consumer, ends
        finally:
            await end_consumer(consumer)


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncIterator[None]:
    """Kafka's silence and Kafka's errors, both as our state."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise LogUnavailable(
            f"Kafka does not answer ({type(error).__name__}): "
            "check [log] bootstrap_servers and that it runs"
        ) from None


async def _advance(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> "tuple[dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]], dict[TopicPartition, int]]":
    """What comes next, and the position reached; waits until at least one position has moved.

    The position also passes what yields no record: transaction markers, gaps of compaction.
    """
    before = {each: await consumer.position(each) for each in partitions}
    while True:
        # 500 ms: the broker's own wait for an empty fetch.
        batches = await consumer.getmany(*partitions, timeout_ms=500, max_records=_SCAN_ROWS)
        reached = {each: await consumer.position(each) for each in partitions}
        if reached != before:
            return batches, reached


async def _describe(admin: AIOKafkaAdminClient) -> dict[str, _Topic]:
    found: list[_Topic] = await admin.describe_topics()
    return {topic["topic"]: topic for topic in found}


def _lacking(topics: Mapping[str, _Topic], names: Sequence[str], in_sync: int) -> list[str]:
    """Those with a partition that has no leader or fewer replicas in sync."""
    return [
        name
        for name in names
        if name not in topics
        or not topics[name]["partitions"]
        or any(
            each["leader"] < 0 or len(each["isr"]) < in_sync for each in topics[name]["partitions"]
        )
    ]


def _missing(names: Sequence[str]) -> TopicMissing:
    return TopicMissing(f"Kafka has no topic {', '.join(names)}: run `gateway topics create`")
