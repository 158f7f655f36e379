"""A member of a consumer group on Kafka."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from gateway.errors import LogUnavailable, TopicMissing
from gateway.log import Position, Record, StoredRecord
from gateway.log.kafka_endings import end_consumer
from gateway.log.kafka_settings import KafkaSettings, connection

log = logging.getLogger(__name__)

# A rebalance waits for the slowest member's work and commit; a join is answered only after it.
_REBALANCE_MS = 60_000
_REQUEST_MS = _REBALANCE_MS + 10_000
# A crashed member's partitions are given away after this; a stalled loop of 30 s is not a crash.
_SESSION_MS = 30_000
_HEARTBEAT_MS = 5_000
# No fetch at all for that long means a stuck worker; its partitions go to the others.
_MAX_POLL_MS = 600_000
# Bounds what one member holds in memory: a few hundred events of 64 KiB.
_FETCH_BYTES = 8 << 20
# Two of the largest records; one must always fit.
_PARTITION_FETCH_BYTES = 2 << 20
_CONNECT_SECONDS = 10.0
_COMMIT_SECONDS = 5.0
# While nothing comes, this often ask whether the cluster is there at all: aiokafka does not say.
_PROBE_SECONDS = 5.0
# A healthy partition answers every 0.5 s even when empty. aiokafka has stalls without an error.
_STALL_SECONDS = 30.0


def stored(found: "ConsumerRecord[bytes, bytes]") -> StoredRecord:
    """Kafka's record as ours. A null value, which only strangers write, reads as empty."""
    return StoredRecord(
        Position(found.topic, found.partition, found.offset),
        Record(found.key, found.value or b"", tuple(found.headers)),
        datetime.fromtimestamp(found.timestamp / 1000, UTC),
    )


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Built by ``join``. Other members may hold other partitions at the same time."""

    def __init__(self, settings: KafkaSettings, topic: str, group: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=group,
            # Auto-commit commits what was delivered to us, not what was done with it.
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            request_timeout_ms=_REQUEST_MS,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            rebalance_timeout_ms=_REBALANCE_MS,
            max_poll_interval_ms=_MAX_POLL_MS,
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
            # Not the sticky one: aiokafka keeps its memory on the class, so that two subscriptions
            # of one process would claim each other's partitions.
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        )
        # Per partition of the present assignment: first offset delivered, and last one plus one.
        self._delivered: dict[int, tuple[int, int]] = {}
        self._heard_at = 0.0
        self._closed = False

    @property
    def exclusive(self) -> bool:
        """Never: partitions are shared among the members."""
        return False

    async def join(self) -> None:
        """Connect and ask for partitions; they arrive in the background, maybe after others left.

        Raises:
            LogUnavailable: no server answers.
            TopicMissing: the topic does not exist.
        """
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._consumer.start()
                topics = await self._consumer.topics()
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise LogUnavailable(f"Kafka does not answer ({type(error).__name__})") from None
        except BaseException:
            await self.close()
            raise
        if self._topic not in topics:
            await self.close()
            raise TopicMissing(f"Kafka has no topic {self._topic}: run `gateway topics create`")
        self._heard_at = asyncio.get_running_loop().time()
        self._consumer.subscribe([self._topic], listener=self)

    async def fetch(self, max_records: int, timeout_seconds: float) -> Sequence[StoredRecord]:
        """See ``Subscription.fetch``."""
        if self._closed:
            raise LogUnavailable("the subscription is closed")
        try:
            if max_records <= 0:
                found = await self._stay(timeout_seconds)
            else:
                found = await self._take(max_records, timeout_seconds)
            if found:
                self._heard_at = asyncio.get_running_loop().time()
            else:
                await self._probe()
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"Kafka does not answer ({type(error).__name__})") from None
        return found

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """See ``Subscription.commit``.

        Also passed over: offsets that this assignment has not delivered. They come from work that
        was begun before a rebalance; someone else may have gone further since.
        """
        ours = {
            TopicPartition(self._topic, partition): next_offset
            for partition, next_offset in next_offsets.items()
            if self._may_commit(partition, next_offset)
        }
        if not ours:
            return
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self._consumer.commit(ours)
        except (kafka.CommitFailedError, kafka.IllegalStateError):
            # A rebalance took them meanwhile: the new holder reads these records again.
            log.info("log.commit_passed_over", extra={"topic": self._topic})
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(
                f"Kafka did not confirm the cursor ({type(error).__name__})"
            ) from None

    async def close(self) -> None:
        """See ``Subscription.close``."""
        if self._closed:
            return
        self._closed = True
        await end_consumer(self._consumer)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by aiokafka. What was delivered so far is no longer ours to commit."""
        self._delivered.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by aiokafka."""
        self._delivered.clear()
        self._heard_at = asyncio.get_running_loop().time()
        partitions = sorted(each.partition for each in assigned)
        log.info("log.partitions_assigned", extra={"topic": self._topic, "partitions": partitions})

    async def _take(self, max_records: int, timeout_seconds: float) -> list[StoredRecord]:
        self._consumer.resume(*self._consumer.paused())
        found: list[StoredRecord] = []
        # getmany waits without end while a rebalance runs. asyncio.timeout and not wait_for: no
        # task in between, in which records could be lost that were already taken off the buffer.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds + 1.0):
                batches = await self._consumer.getmany(
                    timeout_ms=int(timeout_seconds * 1000), max_records=max_records
                )
                for partition, batch in batches.items():
                    self._note_delivered(partition.partition, batch)
                    found += [stored(each) for each in batch]
        return found

    async def _stay(self, timeout_seconds: float) -> list[StoredRecord]:
        """Be a member without taking anything. Heartbeats run by themselves; polls do not."""
        self._consumer.pause(*self._consumer.assignment())
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                taken = await self._consumer.getmany(timeout_ms=0, max_records=1)
                for partition, batch in taken.items():
                    # Assigned since the pause: put back what should not have been taken.
                    self._consumer.seek(partition, batch[0].offset)
        await asyncio.sleep(timeout_seconds)
        return []

    def _note_delivered(
        self, partition: int, batch: "Sequence[ConsumerRecord[bytes, bytes]]"
    ) -> None:
        first, _ = self._delivered.get(partition, (batch[0].offset, 0))
        self._delivered[partition] = (first, batch[-1].offset + 1)

    def _may_commit(self, partition: int, next_offset: int) -> bool:
        first, following = self._delivered.get(partition, (0, 0))
        return first < next_offset <= following

    async def _probe(self) -> None:
        """Tell an empty topic from a cluster that is away and from a stalled consumer."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._heard_at < _PROBE_SECONDS:
            return
        async with asyncio.timeout(_PROBE_SECONDS):
            await self._consumer.topics()
        listened = self._consumer.assignment() - self._consumer.paused()
        polled = [self._consumer.last_poll_timestamp(each) for each in listened]
        newest_ms = max((each for each in polled if each), default=None)
        if newest_ms is not None:
            silent_seconds = datetime.now(UTC).timestamp() - newest_ms / 1000
            if silent_seconds > _STALL_SECONDS:
                raise LogUnavailable("the consumer stalled: subscribe again")
        self._heard_at = loop.time()
