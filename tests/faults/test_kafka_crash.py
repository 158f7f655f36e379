"""A broker killed in the middle of the work: every record is accounted for."""

import asyncio
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import pytest

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown
from gateway.log import Record, Subscription, TopicSpec, kafka_subscription
from gateway.log.kafka import KafkaLog, KafkaSettings
from tests.servers.kafka import LocalBroker

pytestmark = pytest.mark.kafka

PATIENCE_SECONDS = 90.0


@dataclass
class Account:
    """What each caller was told, by the value it appended."""

    kept: set[bytes] = field(default_factory=set)
    unknown: set[bytes] = field(default_factory=set)
    not_kept: set[bytes] = field(default_factory=set)
    enough: bool = False


async def call(log: KafkaLog, topic: str, caller: int, account: Account) -> None:
    number = 0
    while not account.enough:
        value, number = b"%d-%d" % (caller, number), number + 1
        try:
            await log.append(topic, Record(b"reporter %d" % caller, value))
            account.kept.add(value)
        except OutcomeUnknown:
            account.unknown.add(value)
        except NotKept:
            account.not_kept.add(value)
            await asyncio.sleep(0.05)


async def follow(log: KafkaLog, topic: str, seen: list[bytes]) -> None:
    """A worker: takes, notes, commits, and subscribes again whenever the log was away."""
    group = f"group.{uuid.uuid4().hex}"
    subscription: Subscription | None = None
    while True:
        try:
            if subscription is None:
                subscription = await log.subscribe(topic, group)
            taken = await subscription.fetch(500, 0.2)
            seen += [each.record.value for each in taken]
            done = {each.position.partition: each.position.offset + 1 for each in taken}
            await subscription.commit(done)
        except LogUnavailable:
            if subscription is not None:
                await subscription.close()
            subscription = None
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            if subscription is not None:
                await subscription.close()
            raise


async def wait_for_more(account: Account, count: int) -> None:
    """Until ``count`` more records were acknowledged."""
    target, deadline = len(account.kept) + count, time.monotonic() + PATIENCE_SECONDS
    while len(account.kept) < target:
        assert time.monotonic() < deadline, f"{len(account.kept)} of {target} acknowledged"
        await asyncio.sleep(0.02)


async def test_a_killed_broker_loses_nothing_it_acknowledged(
    kafka_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_subscription, "_PROBE_SECONDS", 1.0)
    # The least that a broker allows: a member that was cut off holds its partitions for so long.
    monkeypatch.setattr(kafka_subscription, "_SESSION_MS", 6000)
    topic, account, seen = f"kafka.{uuid.uuid4().hex}", Account(), list[bytes]()
    log = KafkaLog(
        KafkaSettings(kafka_broker.bootstrap_servers, append_timeout_seconds=2.0, flush_messages=1)
    )
    await log.open()
    await log.create_topics([TopicSpec(topic, 3, None)])
    callers = [asyncio.create_task(call(log, topic, i, account)) for i in range(8)]
    worker = asyncio.create_task(follow(log, topic, seen))
    try:
        for _ in range(2):
            await wait_for_more(account, 200)
            await asyncio.to_thread(kafka_broker.kill)
            await asyncio.to_thread(kafka_broker.start)
        # Neither the log nor the worker was told; both find back by themselves.
        await wait_for_more(account, 200)
        account.enough = True
        await asyncio.gather(*callers)
        await log.check()

        found = Counter([each.record.value async for each in log.scan(topic)])
        assert account.kept <= found.keys()
        assert not account.not_kept & found.keys()
        assert found.keys() <= account.kept | account.unknown
        # A repeat comes only from a record sent again on a new producer.
        assert max(found.values()) <= 2

        deadline = time.monotonic() + PATIENCE_SECONDS
        while not account.kept <= set(seen):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    finally:
        account.enough = True
        worker.cancel()
        await asyncio.wait({worker, *callers})
        await log.close()
