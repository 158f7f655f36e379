"""A real Kannel delivers SMS into a real event log, over real HTTP."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import pytest

from gateway.errors import NotKept, OutcomeUnknown
from normalizer.event import IdBasis, Missing
from tests.e2e.kannel_bench import PASSWORD, PATIENCE_SECONDS, Webhook, listening, until
from tests.servers import ServerMissing
from tests.servers.fixtures import absent
from tests.servers.kannel import ECHO_ANSWER, ECHO_KEYWORD, Kannel, running_kannel

pytestmark = pytest.mark.kannel

SENDER = "+6281200001111"
NEIGHBOUR = "+6281200001112"


@pytest.fixture
async def webhook(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Webhook]:
    """Listening before Kannel starts. The parameter is the password that it expects."""
    expected = getattr(request, "param", PASSWORD)
    async with listening(tmp_path, expected, join_wait_seconds=1) as made:
        yield made


Start = Callable[..., Kannel]


@pytest.fixture
def start_kannel(tmp_path: Path, webhook: Webhook) -> Iterator[Start]:
    """Starts the one Kannel of a test, pointed at the webhook."""
    running: list[AbstractContextManager[Kannel]] = []

    def start(method: Literal["GET", "POST"] = "GET", joining_seconds: int = 60) -> Kannel:
        url = f"http://kannel:{PASSWORD}@127.0.0.1:{webhook.port}/sms/desa"
        manager = running_kannel(tmp_path, url, method, joining_seconds)
        try:
            kannel = manager.__enter__()
        except ServerMissing as missing:
            absent("Kannel", missing)
        running.append(manager)
        return kannel

    yield start
    for manager in running:
        manager.__exit__(None, None, None)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_every_kind_of_sms(
    webhook: Webhook, start_kannel: Start, method: Literal["GET", "POST"]
) -> None:
    kannel = start_kannel(method)
    plain = "NGAWI lampu jalan  padam @ pasar Beran & 50% [gelap]"
    emoji = "Jembatan ambrol 😡 ꦗꦮ"
    pieces = ["Got mampet sejak Senin, ", "air masuk rumah warga, ", "mohon segera dikeruk"]
    kannel.send(SENDER, "1708", plain)
    kannel.send_ucs2(SENDER, "1708", emoji)
    # Two neighbours with the same reference, interleaved and out of order.
    for part in (3, 1, 2):
        for sender in (SENDER, NEIGHBOUR):
            text = pieces[part - 1]
            kannel.send_part(sender, "1708", text, part=part, parts=3)

    async def all_there() -> bool:
        return len(await webhook.bench.events()) == 4

    await until(all_there)
    found = await webhook.events()
    said = {(private.phone, private.original_text) for _, private in found}
    long = "".join(pieces)
    assert said == {(SENDER, plain), (SENDER, emoji), (SENDER, long), (NEIGHBOUR, long)}
    for event, private in found:
        assert event.id_basis is IdBasis.PLATFORM_ID
        assert event.submitted_at is not None
        assert abs((event.received_at - event.submitted_at).total_seconds()) < PATIENCE_SECONDS
        assert Missing.PARTS not in event.completeness
        assert PASSWORD not in private.raw
    assert webhook.refused == 0

    # Kannel would send our answer to the citizen: an echo of its own shows that we would see it.
    kannel.send(SENDER, "1708", ECHO_KEYWORD)
    await until(kannel.answers)
    assert [ECHO_ANSWER in answer for answer in kannel.answers()] == [True]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_log_away_makes_kannel_come_again(
    webhook: Webhook, start_kannel: Start, method: Literal["GET", "POST"]
) -> None:
    kannel = start_kannel(method)
    webhook.bench.log.before = NotKept("away")
    kannel.send(SENDER, "1708", "Air PDAM mati")
    await until(lambda: len(webhook.asked) >= 2)
    assert await webhook.bench.events() == []
    webhook.bench.log.before = None
    await until(webhook.bench.events)
    assert await webhook.texts() == {"Air PDAM mati"}
    assert len(set(webhook.asked)) == 1
    assert kannel.answers() == []


async def test_lost_confirmation_repeats_under_one_id(
    webhook: Webhook, start_kannel: Start
) -> None:
    kannel = start_kannel()
    webhook.bench.log.after = OutcomeUnknown("no confirmation")
    kannel.send(SENDER, "1708", "Sampah menumpuk")
    await until(lambda: len(webhook.asked) >= 2)
    webhook.bench.log.after = None

    async def twice_there() -> bool:
        return len(await webhook.bench.events()) >= 2

    await until(twice_there)
    assert len({event.complaint_id for event in await webhook.bench.events()}) == 1


async def test_part_that_stays_alone_is_kept_and_marked(
    webhook: Webhook, start_kannel: Start
) -> None:
    kannel = start_kannel(joining_seconds=2)
    kannel.send_part(SENDER, "1708", "yang kedua saja", part=2, parts=2)
    await until(webhook.bench.events)
    ((event, private),) = await webhook.events()
    assert private.original_text == "[…] yang kedua saja"
    assert Missing.PARTS in event.completeness


@pytest.mark.parametrize("webhook", ["kata-sandi-lain"], indirect=True)
async def test_wrong_password_leaves_nothing(webhook: Webhook, start_kannel: Start) -> None:
    kannel = start_kannel()
    kannel.send(SENDER, "1708", "Tidak boleh masuk")
    await until(lambda: webhook.refused >= 2)
    assert webhook.asked == []
    assert await webhook.bench.events() == []
    assert await webhook.bench.rejected() == []
