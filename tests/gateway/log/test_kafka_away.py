"""The log on Kafka when answers are lost or nobody answers at all."""

import asyncio
import time
from collections import Counter

import pytest

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown
from gateway.log import Record, kafka_endings, kafka_subscription
from gateway.log.kafka import KafkaLog
from tests.gateway.log.kafka_bench import APPEND_SECONDS, PATIENCE_SECONDS, settings, take
from tests.gateway.log.rows import values
from tests.servers.kafka import LocalBroker
from tests.servers.tcp_proxy import Fault, TcpProxy

pytestmark = pytest.mark.kafka


async def append_until_kept(log: KafkaLog, topic: str, value: bytes) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await log.append(topic, Record(b"k", value))
            return
        except NotKept:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_a_lost_answer_is_repeated_without_a_double(
    far_log: KafkaLog, proxy: TcpProxy, kafka_topic: str
) -> None:
    proxy.set_fault(Fault.MUTE)
    appending = asyncio.create_task(far_log.append(kafka_topic, Record(b"k", b"answer lost")))
    deadline = time.monotonic() + APPEND_SECONDS / 2
    while proxy.muted_answers == 0:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    # The broker has it, and its confirmation is gone. Now the line breaks and comes back.
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    position = await appending
    assert await values(far_log, kafka_topic) == [b"before", b"answer lost"]
    assert position.offset in (1, -1)


async def test_answers_lost_for_long_lose_no_record(
    far_log: KafkaLog, proxy: TcpProxy, kafka_topic: str
) -> None:
    proxy.set_fault(Fault.MUTE)
    outcomes = await asyncio.gather(
        *(far_log.append(kafka_topic, Record(b"k", b"%d" % i)) for i in range(5)),
        return_exceptions=True,
    )
    assert {type(each) for each in outcomes} == {OutcomeUnknown}
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    # The source comes again with the same event; the log takes it without being opened anew.
    for i in range(5):
        await append_until_kept(far_log, kafka_topic, b"%d" % i)
    found = Counter(await values(far_log, kafka_topic))
    assert set(found) == {b"before", *(b"%d" % i for i in range(5))}
    assert max(found.values()) <= 2


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HOLD])
async def test_an_absent_broker_is_told_in_time(
    far_log: KafkaLog, proxy: TcpProxy, kafka_topic: str, fault: Fault
) -> None:
    proxy.set_fault(fault)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await far_log.append(kafka_topic, Record(b"k", b"nobody answers"))
    assert time.monotonic() - started < APPEND_SECONDS + 1.0
    with pytest.raises(LogUnavailable):
        await far_log.check()
    # check() has a bound of 5 s.
    assert time.monotonic() - started < APPEND_SECONDS + 8.0
    proxy.set_fault(Fault.NONE)
    proxy.cut()
    await append_until_kept(far_log, kafka_topic, b"after")
    await far_log.check()
    assert (await values(far_log, kafka_topic))[-1] == b"after"


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HOLD])
async def test_close_is_bounded_and_leaves_nothing_running(
    kafka_broker: LocalBroker,
    proxy: TcpProxy,
    kafka_topic: str,
    group: str,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_endings, "_LEAVE_SECONDS", 1.0)
    monkeypatch.setattr(kafka_endings, "_FLUSH_SECONDS", 1.0)
    before = asyncio.all_tasks()
    log = KafkaLog(settings(f"127.0.0.1:{kafka_broker.proxy_port}"), [kafka_topic])
    await log.open()
    subscription = await log.subscribe(kafka_topic, group)
    await subscription.fetch(1, 0.2)
    proxy.set_fault(fault)
    with pytest.raises(NotKept):
        await log.append(kafka_topic, Record(b"k", b"unconfirmed"))
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
    far_log: KafkaLog,
    proxy: TcpProxy,
    kafka_topic: str,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_subscription, "_PROBE_SECONDS", 0.5)
    monkeypatch.setattr(kafka_subscription, "_COMMIT_SECONDS", 0.5)
    # The least that a broker allows. The member that was cut off could not say that it left, and
    # the next one gets its partition only after this.
    monkeypatch.setattr(kafka_subscription, "_SESSION_MS", 6000)
    subscription = await far_log.subscribe(kafka_topic, group)
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
    again = await far_log.subscribe(kafka_topic, group)
    assert await take(again, 1) == [taken]
    await again.close()
