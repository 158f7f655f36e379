"""Every connector that is called by a provider, over real HTTP and a real log.

A channel joins by a ``sample`` module (``connectors/registry.py``) and an account of each of its
kinds in ``tests/contract/channels.py``.
"""

import asyncio
import contextlib
import dataclasses
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connectors.registry import build_all, joiners
from gateway.contract import Call, WebConnector
from gateway.errors import NotKept, OutcomeUnknown
from gateway.intake import Intake
from gateway.pieces import Pieces
from gateway.sealing import load_sealer
from gateway.web import public_app
from normalizer.event import ComplaintEvent, PrivatePart
from normalizer.normalize import Context
from tests.contract.channels import BASE, SECRET, TOKEN, config, specimens
from tests.intake_bench import TOPICS, Bench, Keys

LIMIT = 65_536
SPECIMENS = specimens()


def _is_signed(call: Call) -> bool:
    """Whether the proof covers the content; a shared secret says nothing of it."""
    # All that Plivo documents for messages covers the address and a nonce.
    return (
        "X-Plivo-Signature-V2" not in call.headers
        and not any(
            secret in f"{call.url}{value}"
            for value in ("", *call.headers.values())
            for secret in (TOKEN, SECRET)
        )
        and not any(value.startswith("Basic ") for value in call.headers.values())
    )


SIGNED = sorted(path for path, call in SPECIMENS.items() if _is_signed(call))
#: An address has the server's own limit, of 8 KiB.
POSTED = sorted(path for path, call in SPECIMENS.items() if call.method == "POST")
#: The events of a call become one item when it is over.
IN_PIECES = frozenset(f"{BASE}{path}" for path in SPECIMENS if path.startswith("/call/"))

Client = TestClient[web.Request, web.Application]


@pytest.fixture(params=sorted(SPECIMENS))
def call(request: pytest.FixtureRequest) -> Call:
    # Made anew: some signatures hold for five minutes only.
    return specimens()[request.param]


class Clock:
    """A day later whatever waits for more pieces waits no longer."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """The public port with every connector, on a real log, and what stands behind it."""

    bench: Bench
    intake: Intake
    clock: Clock
    client: Client

    async def send(self, call: Call) -> int:
        url = call.url.removeprefix(BASE)
        async with self.client.request(
            call.method,
            url,
            data=io.BytesIO(call.body) if call.body else None,
            headers=call.headers,
        ) as response:
            await response.read()
            return response.status

    async def events(self) -> list[ComplaintEvent]:
        """What the log has once nothing waits any longer; of a repeat the first."""
        self.clock.ahead += timedelta(days=1)
        await self.intake.publish_ripe()
        found = {event.complaint_id: event for event in await self.bench.events()}
        return list(found.values())

    def private(self, event: ComplaintEvent) -> PrivatePart:
        return self.bench.opener.open(event.sealed or "")


@pytest.fixture
async def house(bench: Bench, keys: Keys, tmp_path: Path) -> AsyncIterator[House]:
    connectors = build_all(config(tmp_path))
    clock = Clock()
    pieces = Pieces(tmp_path / "pieces.db", b"s" * 32, joiners(connectors))
    await pieces.open()
    intake = Intake(
        bench.log,  # type: ignore[arg-type]  # it hands everything but append through
        TOPICS,
        Context(reporter_key_secret=b"s" * 32),
        load_sealer(keys.public),
        clock,
        pieces=pieces,
    )
    called = [one for one in connectors if isinstance(one, WebConnector)]
    async with TestClient(TestServer(public_app(intake, called, max_body_bytes=LIMIT))) as client:
        yield House(bench, intake, clock, client)
    await pieces.close()


def test_every_web_channel_has_a_specimen(tmp_path: Path) -> None:
    built = build_all(config(tmp_path))
    routes = [route for c in built if isinstance(c, WebConnector) for route in c.routes()]
    assert {route.path for route in routes} >= set(SPECIMENS)
    # Every address that takes items; the others only shake hands.
    takers = {route.path for route in routes if route.method == "POST"}
    assert takers <= set(SPECIMENS)


async def test_a_good_one_is_one_event(house: House, call: Call) -> None:
    assert await house.send(call) == 200
    (event,) = await house.events()
    assert "Jalan rusak di Desa Babadan Kec. Paron" in event.text
    private = house.private(event)
    # X and Telegram know people by an id or a handle, made here of the number's last digits.
    assert "00009001" in f"{private.phone}{private.handle}"
    assert "81200009001" not in event.model_dump_json(exclude={"sealed", "reply_to"})


async def test_forged_leaves_nothing(house: House, call: Call) -> None:
    for header in [*call.headers] or [""]:
        forged = {k: v for k, v in call.headers.items() if k != header or k == "Content-Type"}
        url = call.url.replace(TOKEN, "a-wrong-token").replace("sig=", "sig=0")
        if forged == call.headers and url == call.url:
            continue
        status = await house.send(dataclasses.replace(call, headers=forged, url=url))
        assert status in (401, 403)
    assert await house.events() == []
    assert await house.bench.rejected() == []


@pytest.mark.parametrize("call", SIGNED, indirect=True)
async def test_signed_content_cannot_be_changed(house: House, call: Call) -> None:
    changed = dataclasses.replace(
        call,
        body=call.body.replace(b"rusak", b"bagus"),
        url=call.url if call.body else call.url.replace("rusak", "bagus"),
    )
    assert changed != call
    assert await house.send(changed) in (401, 403)
    assert await house.events() == []


async def test_repeats_are_one_id(house: House, call: Call) -> None:
    one_by_one = [await house.send(call) for _ in range(3)]
    at_once = await asyncio.gather(*(house.send(call) for _ in range(10)))
    assert {*one_by_one, *at_once} == {200}
    assert len(await house.events()) == 1


async def test_log_away_is_not_acknowledged(house: House, call: Call) -> None:
    house.bench.log.before = NotKept("away")
    status = await house.send(call)
    # A piece of an item waits elsewhere, just as durable.
    assert status == (200 if call.url.partition("?")[0] in IN_PIECES else 503)
    assert await house.bench.events() == []
    house.bench.log.before = None
    assert await house.send(call) == 200
    assert len(await house.events()) == 1


async def test_a_lost_confirmation_is_one_complaint(house: House, call: Call) -> None:
    house.bench.log.after = OutcomeUnknown("written, and nobody told us")
    await house.send(call)
    with contextlib.suppress(NotKept):
        await house.events()
    house.bench.log.after = None
    assert await house.send(call) == 200
    assert len(await house.events()) == 1


@pytest.mark.parametrize("call", POSTED, indirect=True)
async def test_oversize(house: House, call: Call) -> None:
    # Some platforms' batches go beyond the usual limit: then the signature fails, or the bytes
    # are kept aside as unreadable.
    status = await house.send(dataclasses.replace(call, body=call.body + b"x" * LIMIT))
    assert status in (413, 401, 403) or len(await house.bench.rejected()) == 1
    huge = dataclasses.replace(call, body=call.body + b"x" * 8_000_000)
    assert await house.send(huge) == 413
    assert await house.events() == []


async def test_empty_and_broken_bodies_never_fail(house: House, call: Call) -> None:
    for body in (b"", b"\x00\xff\xfe", b"{", b"[[", b"%%%=&&&", b"a" * 1000):
        # A signature no longer fits; a shared secret does, and then the bytes are kept.
        assert await house.send(dataclasses.replace(call, body=body)) in (200, 401, 403)
    assert all(event.text for event in await house.events())


async def test_a_stop_while_it_is_kept_loses_nothing(house: House, call: Call) -> None:
    """The caller is gone before the answer: what was not acknowledged comes again, once."""
    gone = asyncio.ensure_future(house.send(call))
    await asyncio.sleep(0)
    gone.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    assert await house.send(call) == 200
    assert len(await house.events()) == 1
