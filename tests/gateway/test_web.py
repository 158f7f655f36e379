"""The web driver over real HTTP: who is told what, and what is in the log by then."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from aiohttp import ClientSession, TCPConnector, web
from aiohttp.test_utils import TestClient, TestServer

from gateway.contract import Route, WebReply, WebRequest
from gateway.errors import Forged, LogUnavailable, NotKept
from gateway.web import internal_app, public_app
from normalizer.draft import Draft, Rejection, RejectionReason
from normalizer.event import Channel
from tests.intake_bench import Bench

SEEDED = "Sri Rejeki Contoh 081200009001"
LIMIT = 2048


def verify(request: WebRequest) -> None:
    if not hmac.compare_digest(request.headers.get("X-Key", "").encode(), b"right"):
        raise Forged


def read(request: WebRequest) -> WebReply:
    """One item a line: ``id text``; ``broken`` cannot be read, ``crash`` crashes the reader."""
    items: list[Draft | Rejection] = []
    for line in request.body.splitlines():
        name, _, text = line.decode().partition(" ")
        if name == "crash":
            raise ZeroDivisionError(SEEDED)
        if name == "broken":
            items.append(
                Rejection(
                    channel=Channel.SMS, account="t", reason=RejectionReason.UNREADABLE, raw=line
                )
            )
        else:
            items.append(
                Draft(channel=Channel.SMS, account="t", raw=line, source_id=name, text_raw=text)
            )
    return WebReply(
        tuple(items), body=b"<ok/>", content_type="text/xml", ignored=None if items else "handshake"
    )


class LineChannel:
    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/t", Channel.SMS, "t", verify, read)]


Post = Callable[..., Awaitable[tuple[int, str, dict[str, str]]]]


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = public_app(bench.intake, [LineChannel()], max_body_bytes=LIMIT)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def post(client: TestClient[web.Request, web.Application]) -> Post:
    async def send(body: str | bytes, key: str = "right") -> tuple[int, str, dict[str, str]]:
        async with client.post("/t", data=body, headers={"X-Key": key}) as response:
            return response.status, await response.text(), dict(response.headers)

    return send


async def test_acknowledged_is_durable(post: Post, bench: Bench) -> None:
    status, body, headers = await post(f"m1 Jalan rusak {SEEDED}")
    assert (status, body) == (200, "<ok/>")
    assert headers["Content-Type"].startswith("text/xml")
    assert len(await bench.events()) == 1


async def test_forged_leaves_nothing_and_learns_nothing(post: Post, bench: Bench) -> None:
    status, body, _ = await post(f"m1 {SEEDED}", key="wrong")
    assert status == 403
    assert body == "The request is not signed as agreed. Check the secret of this account.\n"
    assert await bench.events() == []


async def test_too_large(post: Post, bench: Bench) -> None:
    status, body, _ = await post("m1 " + "x" * LIMIT)
    assert status == 413
    assert "larger than this gateway takes" in body
    assert await bench.events() == []


async def test_too_slow(bench: Bench) -> None:
    app = public_app(bench.intake, [LineChannel()], max_body_bytes=LIMIT, body_seconds=0.05)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /t HTTP/1.1\r\nHost: x\r\nX-Key: right\r\nContent-Length: 9\r\n\r\nm1")
        answer = await asyncio.wait_for(reader.readuntil(b"again.\n"), 10)
        writer.close()
        await writer.wait_closed()
    assert b" 408 " in answer.splitlines()[0]
    assert await bench.events() == []


async def test_log_away_is_our_fault(post: Post, bench: Bench) -> None:
    bench.log.before = NotKept(SEEDED)
    status, body, headers = await post(f"m1 {SEEDED}")
    assert status == 503
    assert int(headers["Retry-After"]) > 0
    assert SEEDED not in body
    bench.log.before = None
    assert (await post(f"m1 {SEEDED}"))[0] == 200
    assert len(await bench.events()) == 1


async def test_one_bad_item_takes_no_other_with_it(post: Post, bench: Bench) -> None:
    status, _, _ = await post("m1 Jalan rusak\nbroken !!\nm2 Lampu mati")
    assert status == 200
    assert sorted(event.text for event in await bench.events()) == ["Jalan rusak", "Lampu mati"]
    assert [item.reason for item in await bench.rejected()] == ["unreadable"]


async def test_our_own_bug_keeps_the_bytes(post: Post, bench: Bench) -> None:
    status, body, _ = await post(f"crash {SEEDED}")
    assert status == 200
    assert SEEDED not in body
    (item,) = await bench.rejected()
    assert item.reason == "connector_failed"
    assert SEEDED in bench.opener.open(item.sealed).raw


async def test_repeats_at_the_same_time_are_one_id(post: Post, bench: Bench) -> None:
    answers = await asyncio.gather(*(post("m1 Jalan rusak") for _ in range(20)))
    assert {status for status, _, _ in answers} == {200}
    assert len({event.complaint_id for event in await bench.events()}) == 1


async def test_empty_body_is_answered_and_leaves_nothing(post: Post, bench: Bench) -> None:
    assert (await post(""))[0] == 200
    assert await bench.events() == []


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/t", 405), ("POST", "/no", 404)])
async def test_wrong_address(
    client: TestClient[web.Request, web.Application], method: str, path: str, status: int
) -> None:
    async with client.request(method, path, params={"q": SEEDED}) as response:
        assert response.status == status
        assert SEEDED not in await response.text()


@pytest.mark.parametrize(
    "garbage",
    [
        f"POST /t?{SEEDED} HTTP/9.9\r\n\r\n",
        f"{SEEDED}\r\n\r\n",
        f"POST /t HTTP/1.1\r\nHost: x\r\n{SEEDED}\r\n\r\n",
        f"POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: {SEEDED}\r\n\r\n",
    ],
)
async def test_garbage_on_the_wire_is_not_quoted_back(
    client: TestClient[web.Request, web.Application], garbage: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(garbage.encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in answer.splitlines()[0]
    assert SEEDED.encode() not in answer
    assert b"081200009001" not in answer


async def test_readiness_follows_the_log() -> None:
    state = {"fault": False}

    async def check() -> None:
        if state["fault"]:
            raise LogUnavailable("the log does not answer; look at its disk")

    async with (
        TestServer(internal_app([check])) as server,
        ClientSession(connector=TCPConnector()) as session,
    ):
        for fault, expected in ((False, 200), (True, 503), (False, 200)):
            state["fault"] = fault
            async with session.get(server.make_url("/readyz")) as response:
                assert response.status == expected
            async with session.get(server.make_url("/healthz")) as response:
                assert response.status == 200
        async with session.get(server.make_url("/metrics")) as response:
            assert "intake_accepted_total" in await response.text()
