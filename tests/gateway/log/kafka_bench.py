"""Short words for tests on a Kafka that may be taken away."""

import time
import uuid

from gateway.log import StoredRecord, Subscription
from gateway.log.kafka import KafkaSettings

# Short, so that the tests of silence are; everything on one machine answers in milliseconds.
APPEND_SECONDS = 2.0
PATIENCE_SECONDS = 30.0


def topic_name() -> str:
    return f"kafka.{uuid.uuid4().hex}"


def settings(bootstrap_servers: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers, append_timeout_seconds=APPEND_SECONDS)


async def take(subscription: Subscription, count: int) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found += await subscription.fetch(count - len(found), 0.5)
    return found
