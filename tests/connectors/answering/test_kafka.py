"""The same readers and the same teller on a real Kafka, with several partitions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from connectors.answering.reading import Reader
from connectors.answering.telling import Teller
from gateway.cloudevents import accepted_record
from gateway.lifecycle import running
from gateway.log.kafka import KafkaLog, KafkaSettings
from gateway.settings import TopicSettings
from normalizer.outcome import ReplyOutcome, ReplyState
from tests.connectors.answering.bench import Bench
from tests.connectors.answering.making import receipt
from tests.waiting import eventually

pytestmark = pytest.mark.kafka


@pytest.fixture
def topics() -> TopicSettings:
    own = uuid4().hex
    return TopicSettings(
        accepted=f"accepted-{own}",
        rejected=f"rejected-{own}",
        entered=f"entered-{own}",
        replied=f"replied-{own}",
        media=f"media-{own}",
    )


@pytest.fixture
async def kafka_log(kafka_bootstrap: str, topics: TopicSettings) -> AsyncIterator[KafkaLog]:
    made = KafkaLog(KafkaSettings(bootstrap_servers=kafka_bootstrap))
    await made.open()
    await made.create_topics(topics.specs())
    yield made
    await made.close()


async def test_every_reporter_is_answered_once_over_restarts(
    kafka_log: KafkaLog, topics: TopicSettings, answers: Bench
) -> None:
    events = [answers.maker.event(phone=f"+62812000091{number:02d}") for number in range(12)]
    for event in events:
        await kafka_log.append(topics.accepted, accepted_record(event))
        await kafka_log.append(topics.entered, receipt(event))

    async def outcomes() -> list[ReplyOutcome]:
        return [
            ReplyOutcome.from_bytes(stored.record.value)
            async for stored in kafka_log.scan(topics.replied)
        ]

    async def all_told() -> bool:
        return len(await outcomes()) >= 2 * len(events)

    for _ in range(2):
        stop = asyncio.Event()
        teller = Teller(answers.outbox, kafka_log, topics.replied, answers.nudge, 0.1)
        keeper = answers.keeper
        readers = [
            Reader(kafka_log, topics.accepted, keeper.accepted, answers.nudge),
            Reader(kafka_log, topics.entered, keeper.entered, answers.nudge),
        ]
        async with AsyncExitStack() as stack:
            for work in (teller.run(), *(reader.run() for reader in readers)):
                await stack.enter_async_context(running(work, stop))
            async with answers.sending():
                await eventually(all_told, "every outcome on the log")
        # The next round reads everything again, as after a lost cursor of the group.
        answers.keeper.accepted([stored async for stored in kafka_log.scan(topics.accepted)])
    assert len(answers.platform.taken) == 24
    assert len({message.key for message in answers.platform.taken}) == 24
    told = {outcome.outcome_id: outcome.state for outcome in await outcomes()}
    assert len(told) == 24
    assert set(told.values()) == {ReplyState.SENT}
