"""An embedded log whose clock the test turns; a Kafka behind a proxy that it can break."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.log import Record, TopicSpec
from gateway.log.kafka import KafkaLog
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.kafka_bench import settings, topic_name
from tests.servers.kafka import LocalBroker
from tests.servers.tcp_proxy import Fault, TcpProxy, tcp_proxy

TOPIC = "complaints.accepted.v1"
RECEIPTS = "complaints.entered.v1"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteLog]:
    """A log that keeps complaints for 30 days and the last receipt of each."""
    made = SqliteLog(tmp_path / "log.db", now=clock, busy_seconds=0.3)
    await made.open()
    specs = [TopicSpec(TOPIC, 1, 30 * 86_400), TopicSpec(RECEIPTS, 1, None, compacted=True)]
    await made.create_topics(specs)
    yield made
    await made.close()


@pytest.fixture
async def kafka_log(kafka_broker: LocalBroker) -> AsyncIterator[KafkaLog]:
    """On a broker that may be taken away."""
    made = KafkaLog(settings(kafka_broker.bootstrap_servers))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def kafka_topic(kafka_log: KafkaLog) -> str:
    name = topic_name()
    await kafka_log.create_topics([TopicSpec(name, 1, None)])
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
    kafka_broker: LocalBroker, proxy: TcpProxy, kafka_topic: str
) -> AsyncIterator[KafkaLog]:
    """The same log, reached only through the proxy."""
    made = KafkaLog(settings(f"127.0.0.1:{kafka_broker.proxy_port}"), [kafka_topic])
    await made.open()
    await made.append(kafka_topic, Record(b"k", b"before"))
    yield made
    proxy.set_fault(Fault.NONE)
    await made.close()
