"""A producer that survives its own mistakes.

aiokafka never gives back the sequence numbers of a batch that the broker refused, so that after
one refused record every later batch of that partition is refused too, and a refused batch takes
its innocent neighbours with it. Hence: the producer is thrown away on any refusal, and everybody
who was in the refused batch is sent again, each alone, on a second producer.
"""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown, RecordRefused
from gateway.log import Position, Record
from gateway.log.kafka_endings import END_SECONDS, end_producer
from gateway.log.kafka_settings import KafkaSettings, connection
from gateway.log.limits import refuse_oversized

log = logging.getLogger(__name__)

# 8 times the default: measured 3 times the throughput at a fifth of the p99.
_BATCH_BYTES = 131_072
# Over limits.MAX_RECORD_BYTES, so that aiokafka's own count never refuses what ours let pass.
_REQUEST_BYTES = 1 << 20
# Connecting takes milliseconds; what takes longer is an address that swallows packets.
_CONNECT_SECONDS = 5.0
# After a failed attempt to connect, callers get their no at once for this long.
_PAUSE_SECONDS = 0.5
# aiokafka never looks up its bootstrap servers again. When nothing was confirmed for a minute
# although something was sent, the cluster may have moved to other addresses.
_STALE_SECONDS = 60.0

# The broker judged the record itself. INVALID_RECORD is newer than aiokafka's table of codes and
# arrives, like UNKNOWN_SERVER_ERROR, as UnknownError.
_REFUSALS = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.InvalidTimestampError,
    kafka.PolicyViolationError,
    kafka.UnknownError,
)


class KafkaProducer:
    """Appends with ``acks=all`` and idempotence, each under its own deadline."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._topic_names: tuple[str, ...] = ()
        self._main: AIOKafkaProducer | None = None
        self._building = asyncio.Lock()
        self._not_before = 0.0
        #: For those who were in a refused batch: one at a time, so that each fails for itself.
        self._alone: AIOKafkaProducer | None = None
        self._one_by_one = asyncio.Lock()
        self._confirmed_at = 0.0
        self._retiring: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self, topic_names: Sequence[str]) -> None:
        """Connect and learn where the topics' partitions are.

        Raises:
            LogUnavailable: no server answers, or not in time.
        """
        self._topic_names = tuple(topic_names)
        try:
            await self._current()
        except NotKept as away:
            raise LogUnavailable(str(away)) from None

    async def append(self, topic: str, record: Record) -> Position:
        """See ``EventLog.append``. The offset is -1 when the broker knows that it has the record
        from an earlier attempt and no longer where.
        """
        refuse_oversized(record)
        try:
            async with asyncio.timeout(self._settings.append_timeout_seconds):
                position = await self._append(topic, record)
        except TimeoutError:
            self._drop_if_stale()
            raise OutcomeUnknown("Kafka did not confirm in time") from None
        self._confirmed_at = asyncio.get_running_loop().time()
        return position

    async def ensure_connected(self) -> None:
        """Connect again if the last attempt failed.

        Raises:
            NotKept: no server answers.
        """
        await self._current()

    async def close(self) -> None:
        """Deliver what was handed over, if that is quick; then let go."""
        self._closed = True
        for producer in (self._main, self._alone):
            if producer is not None:
                self._retire(producer)
        self._main = self._alone = None
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=END_SECONDS)

    async def _append(self, topic: str, record: Record) -> Position:
        producer = await self._current()
        try:
            return await _send(producer, topic, record)
        except kafka.KafkaTimeoutError:
            raise NotKept("Kafka is behind and our buffer for it is full") from None
        except kafka.UnknownTopicOrPartitionError:
            raise NotKept(f"Kafka does not know the topic {topic}") from None
        except kafka.KafkaError as error:
            log.warning("log.batch_refused", extra={"topic": topic, "error": type(error).__name__})
        if self._main is producer:
            self._main = None
            self._retire(producer)
        try:
            return await self._append_alone(topic, record)
        except RecordRefused:
            raise
        except NotKept as fault:
            # The refusal may be of a repeat whose first attempt was written.
            raise OutcomeUnknown(str(fault)) from None

    async def _append_alone(self, topic: str, record: Record) -> Position:
        async with self._one_by_one:
            if self._alone is None:
                self._alone = await self._build()
            producer = self._alone
            try:
                return await _send(producer, topic, record)
            except kafka.KafkaError as error:
                self._alone = None
                self._retire(producer)
                cause = type(error).__name__
                log.error("log.record_refused", extra={"topic": topic, "error": cause})
                if isinstance(error, _REFUSALS):
                    raise RecordRefused(f"Kafka will not take this record ({cause})") from None
                raise NotKept(f"Kafka did not take the record ({cause})") from None

    async def _current(self) -> AIOKafkaProducer:
        """The shared producer; whoever comes first builds it."""
        if self._closed:
            raise NotKept("the event log is closed")
        if self._main is None:
            async with self._building:
                if self._main is None:
                    self._main = await self._build()
        return self._main

    async def _build(self) -> AIOKafkaProducer:
        loop = asyncio.get_running_loop()
        if self._closed or loop.time() < self._not_before:
            raise NotKept(f"Kafka at {self._settings.bootstrap_servers} does not answer")
        # Half of the append's time: a dead connection is noticed while a second attempt still
        # fits. Repeats carry the same sequence number, so the broker drops the double.
        request_ms = max(1000, int(self._settings.append_timeout_seconds * 500))
        producer = AIOKafkaProducer(
            **connection(self._settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
            request_timeout_ms=request_ms,
        )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await producer.start()
                for topic in self._topic_names:
                    await producer.partitions_for(topic)
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            self._not_before = loop.time() + _PAUSE_SECONDS
            self._retire(producer, flush=False)
            raise NotKept(
                f"Kafka at {self._settings.bootstrap_servers} does not answer "
                f"({type(error).__name__}): check [log] bootstrap_servers and that it runs"
            ) from None
        except BaseException:
            self._retire(producer, flush=False)
            raise
        if self._closed:
            self._retire(producer, flush=False)
            raise NotKept("the event log is closed")
        self._confirmed_at = loop.time()
        return producer

    def _drop_if_stale(self) -> None:
        silent_seconds = asyncio.get_running_loop().time() - self._confirmed_at
        producer = self._main
        if producer is not None and silent_seconds > _STALE_SECONDS:
            log.warning("log.producer_replaced", extra={"error": "stale"})
            self._main = None
            self._retire(producer)

    def _retire(self, producer: AIOKafkaProducer, *, flush: bool = True) -> None:
        """End a producer beside the work: with the broker away this takes its time."""
        task = asyncio.create_task(end_producer(producer, flush=flush), name="log-producer-end")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


async def _send(producer: AIOKafkaProducer, topic: str, record: Record) -> Position:
    confirmed = await producer.send(
        topic, value=record.value, key=record.key, headers=list(record.headers)
    )
    metadata = await confirmed
    return Position(topic, metadata.partition, metadata.offset)
