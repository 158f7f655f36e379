"""The same worker on a real Kafka, where several members share one group."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from deliver.ledger import Ledger
from deliver.states import State
from gateway.cloudevents import accepted_record
from gateway.log.kafka import KafkaLog, KafkaSettings
from gateway.sealing import Opener, Sealer
from gateway.settings import TopicSettings
from tests.deliver.making import make_event
from tests.deliver.running import Desktop, Sandbox, eventually

pytestmark = pytest.mark.kafka


@pytest.fixture
def topics() -> TopicSettings:
    own = uuid4().hex
    return TopicSettings(
        accepted=f"accepted-{own}", rejected=f"rejected-{own}", entered=f"entered-{own}"
    )


@pytest.fixture
async def kafka_log(kafka_bootstrap: str, topics: TopicSettings) -> AsyncIterator[KafkaLog]:
    settings = KafkaSettings(bootstrap_servers=kafka_bootstrap)
    maker = KafkaLog(settings)
    await maker.open()
    await maker.create_topics(topics.specs())
    yield maker
    await maker.close()


async def test_two_workers_enter_everything_once_and_in_order(
    kafka_log: KafkaLog,
    topics: TopicSettings,
    ledger: Ledger,
    sealer: Sealer,
    opener: Opener,
    sandbox: Sandbox,
) -> None:
    first = Desktop(kafka_log, ledger, sealer, opener, topics=topics)
    second = replace(first, plan=replace(first.plan, by=replace(first.plan.by, name="other")))
    events = [
        make_event(sealer, reporter_key=f"reporter-{number % 4}", text=f"Nomor {number}.")
        for number in range(24)
    ]
    for event in events:
        await kafka_log.append(topics.accepted, accepted_record(event))
    settings = sandbox.lapor(total_timeout_seconds=10)
    async with first.working(settings), second.working(settings):
        for event in events:
            await first.reaches(event, State.ENTERED)

        async def committed() -> bool:
            reached = await kafka_log.committed(topics.accepted, "deliver")
            ends = await kafka_log.end_offsets(topics.accepted)
            return all(reached.get(part, 0) == end for part, end in ends.items())

        await eventually(committed, "the cursor at the end of every partition")
    order = [str(item.fields["content"]).split("]")[0][1:] for item in await sandbox.complaints()]
    assert sorted(order) == sorted(event.reference for event in events)
    for lane in range(4):
        mine = [event.reference for event in events[lane::4]]
        assert [name for name in order if name in mine] == mine
