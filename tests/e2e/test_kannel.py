"""A real Kannel delivers SMS into a real event log, over real HTTP."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from aiohttp.test_utils import TestServer

from connectors.sms.connector import SmsConnector
from connectors.sms.joining import join
from connectors.sms.settings import SmsSettings
from gateway.contract import Route, WebReply, WebRequest
from gateway.errors import NotKept, OutcomeUnknown
from gateway.intake import Intake
from gateway.log.sqlite import SqliteLog
from gateway.pieces import Pieces
from gateway.sealing import load_opener, load_sealer, new_key_pair
from gateway.web import public_app
from normalizer.event import Channel, ComplaintEvent, IdBasis, Missing, PrivatePart
from normalizer.normalize import Context
from tests.intake_bench import TOPICS, Bench, FaultyLog
from tests.servers import ServerMissing, free_ports
from tests.servers.fixtures import absent
from tests.servers.kannel import ECHO_ANSWER, ECHO_KEYWORD, Kannel, running_kannel

pytestmark = pytest.mark.kannel

PASSWORD = "rahasiakannel"
SENDER = "+6281200001111"
NEIGHBOUR = "+6281200001112"
# Kannel repeats every second here and gives up joining after its own timeout.
PATIENCE_SECONDS = 30.0


@dataclass
class Webhook:
    """The web driver with one Kannel account; remembers who called."""

    bench: Bench
    port: int
    #: The id of every request, whatever became of it.
    asked: list[str | None] = field(default_factory=list)
    refused: int = 0
    join_wait_seconds: float = 60.0

    async def events(self) -> list[tuple[ComplaintEvent, PrivatePart]]:
        return [
            (event, self.bench.opener.open(event.sealed or ""))
            for event in await self.bench.events()
        ]

    async def texts(self) -> set[str | None]:
        return {private.original_text for _, private in await self.events()}

    def routes(self, password: str) -> list[Route]:
        account: dict[str, object] = {
            "name": "desa",
            "dialect": "kannel",
            "username": "kannel",
            "password": password,
            # As long as a test waits for a part that never comes.
            "join_wait_seconds": self.join_wait_seconds,
        }
        settings = SmsSettings.model_validate({"accounts": [account]})
        routes = SmsConnector(settings.accounts, "http://127.0.0.1").routes()
        return [
            replace(each, verify=self._counted(each), read=self._noted(each)) for each in routes
        ]

    def _counted(self, route: Route) -> Callable[[WebRequest], None]:
        def verify(request: WebRequest) -> None:
            self.refused += 1
            route.verify(request)
            self.refused -= 1

        return verify

    def _noted(self, route: Route) -> Callable[[WebRequest], WebReply]:
        def read(request: WebRequest) -> WebReply:
            reply = route.read(request)
            self.asked += [item.source_id for item in reply.items]
            return reply

        return read


@dataclass
class Routes:
    """A connector of given routes."""

    given: list[Route]

    def routes(self) -> list[Route]:
        return self.given


@pytest.fixture
async def webhook(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Webhook]:
    """Listening before Kannel starts. The parameter is the password that it expects."""
    new_key_pair(tmp_path / "public.json", tmp_path / "private")
    inner = SqliteLog(tmp_path / "log.db")
    await inner.open()
    await inner.create_topics(TOPICS.specs())
    log = FaultyLog(inner)
    pieces = Pieces(tmp_path / "pieces.db", b"s" * 32, {Channel.SMS: join})
    await pieces.open()
    intake = Intake(
        log,  # type: ignore[arg-type]  # it hands everything but append through
        TOPICS,
        Context(reporter_key_secret=b"s" * 32),
        load_sealer(tmp_path / "public.json"),
        pieces=pieces,
    )
    (port,) = free_ports(1)
    made = Webhook(Bench(intake, log, load_opener(tmp_path / "private")), port)
    expected = getattr(request, "param", PASSWORD)
    app = public_app(intake, [Routes(made.routes(expected))], max_body_bytes=65_536)
    async with TestServer(app, port=port):
        yield made
    await pieces.close()
    await inner.close()


Start = Callable[..., Kannel]


@pytest.fixture
def start_kannel(tmp_path: Path, webhook: Webhook) -> Iterator[Start]:
    """Starts the one Kannel of a test, pointed at the webhook."""
    running: list[AbstractContextManager[Kannel]] = []

    def start(
        method: Literal["GET", "POST"] = "GET", joining_seconds: int = 60, *, joins: bool = True
    ) -> Kannel:
        url = f"http://kannel:{PASSWORD}@127.0.0.1:{webhook.port}/sms/desa"
        manager = running_kannel(tmp_path, url, method, joining_seconds, joins=joins)
        try:
            kannel = manager.__enter__()
        except ServerMissing as missing:
            absent("Kannel", missing)
        running.append(manager)
        return kannel

    yield start
    for manager in running:
        manager.__exit__(None, None, None)


async def _until(holds: Callable[[], object]) -> None:
    """Poll with a deadline; ``holds`` may be a coroutine function."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = holds()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        assert time.monotonic() < deadline, "Kannel did not do it in time"
        await asyncio.sleep(0.05)


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

    await _until(all_there)
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
    await _until(kannel.answers)
    assert [ECHO_ANSWER in answer for answer in kannel.answers()] == [True]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_log_away_makes_kannel_come_again(
    webhook: Webhook, start_kannel: Start, method: Literal["GET", "POST"]
) -> None:
    kannel = start_kannel(method)
    webhook.bench.log.before = NotKept("away")
    kannel.send(SENDER, "1708", "Air PDAM mati")
    await _until(lambda: len(webhook.asked) >= 2)
    assert await webhook.bench.events() == []
    webhook.bench.log.before = None
    await _until(webhook.bench.events)
    assert await webhook.texts() == {"Air PDAM mati"}
    assert len(set(webhook.asked)) == 1
    assert kannel.answers() == []


async def test_lost_confirmation_repeats_under_one_id(
    webhook: Webhook, start_kannel: Start
) -> None:
    kannel = start_kannel()
    webhook.bench.log.after = OutcomeUnknown("no confirmation")
    kannel.send(SENDER, "1708", "Sampah menumpuk")
    await _until(lambda: len(webhook.asked) >= 2)
    webhook.bench.log.after = None

    async def twice_there() -> bool:
        return len(await webhook.bench.events()) >= 2

    await _until(twice_there)
    assert len({event.complaint_id for event in await webhook.bench.events()}) == 1


async def test_part_that_stays_alone_is_kept_and_marked(
    webhook: Webhook, start_kannel: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timedelta()
    monkeypatch.setattr(webhook.bench.intake, "_clock", lambda: datetime.now(UTC) + ahead)
    kannel = start_kannel(joining_seconds=2)
    kannel.send_part(SENDER, "1708", "yang kedua saja", part=2, parts=2)

    async def published() -> bool:
        nonlocal ahead
        # A day later nothing waits any longer.
        ahead += timedelta(days=1)
        await webhook.bench.intake.publish_ripe()
        return bool(await webhook.bench.events())

    await _until(published)
    ((event, private),) = await webhook.events()
    assert "yang kedua saja" in (private.original_text or "")
    assert Missing.PARTS in event.completeness


@pytest.mark.parametrize("joins", [True, False])
async def test_a_hundred_long_sms_from_twenty_senders(
    webhook: Webhook, start_kannel: Start, joins: bool
) -> None:
    """Joined by Kannel, or by us: parts of different senders mixed, shuffled, some twice."""
    kannel = start_kannel(joins=joins)
    chance = random.Random(20260302)
    wanted: set[tuple[str, str]] = set()
    parts: list[tuple[str, str, int, int, int]] = []
    for number in range(100):
        sender = f"+62812000090{number % 20:02d}"
        count = chance.randint(2, 8)
        texts = [f"aduan {number} bagian {part} [{{^}}] " for part in range(1, count + 1)]
        texts[-1] = texts[-1].strip()
        wanted.add((sender, "".join(texts)))
        # Neighbours use the same references; one phone counts on with every message.
        reference = number // 20
        parts += [(sender, text, part, count, reference) for part, text in enumerate(texts, 1)]
    chance.shuffle(parts)

    def send_all() -> None:
        for sender, text, part, count, reference in parts:
            kannel.send_part(sender, "1708", text, part=part, parts=count, reference=reference)

    await asyncio.to_thread(send_all)

    async def all_there() -> bool:
        return len(await webhook.bench.events()) >= 100

    await _until(all_there)
    found = await webhook.events()
    assert {(private.phone, private.original_text) for _, private in found} == wanted
    assert len({event.complaint_id for event, _ in found}) == 100
    assert not any(Missing.PARTS in event.completeness for event, _ in found)


@pytest.mark.parametrize("webhook", ["kata-sandi-lain"], indirect=True)
async def test_wrong_password_leaves_nothing(webhook: Webhook, start_kannel: Start) -> None:
    kannel = start_kannel()
    kannel.send(SENDER, "1708", "Tidak boleh masuk")
    await _until(lambda: webhook.refused >= 2)
    assert webhook.asked == []
    assert await webhook.bench.events() == []
    assert await webhook.bench.rejected() == []
