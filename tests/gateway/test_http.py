"""Outgoing calls: what is never called, what is never read, and what is known after a failure."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from gateway.http import (
    AddressRefused,
    Answer,
    AnswerTooLarge,
    NoAnswer,
    NotSent,
    Outgoing,
    OutgoingFault,
)
from tests.servers import free_ports

HOSTS = ("media.example.com", "*.cdn.example.com", "127.0.0.1", "[::1]", "2130706433")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """A resolver that knows what the test says, and what it was asked."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self.known = known
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        host = host.lower()
        self.asked.append(host)
        if host not in self.known:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.known[host]
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def calling(
    *trusted: str,
    hosts: Sequence[str] = HOSTS,
    names: Names | None = None,
    total_seconds: float = 30.0,
) -> AsyncIterator[Outgoing]:
    outgoing = Outgoing(trusted, hosts, total_seconds=total_seconds, resolver=names or Names({}))
    try:
        yield outgoing
    finally:
        await outgoing.close()


@asynccontextmanager
async def serving(**handlers: Handler) -> AsyncIterator[str]:
    """A server with a handler for each path; its base URL."""
    app = web.Application()
    for path, handler in handlers.items():
        app.router.add_route("*", f"/{path}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """A server that is no HTTP server, or a bad one."""
    connections: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await talk(reader, writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.close()
        await server.wait_closed()


def saying(*parts: bytes, hang_up: bool = True) -> Talk:
    """Read the request, say this, and hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
        await writer.drain()
        if hang_up:
            writer.close()

    return talk


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example.com/a.jpg",  # not TLS
        "https://media.example.com:8443/a.jpg",
        "https://media.example.com:22/",
        "https://user@media.example.com/a.jpg",
        "https://user:password@media.example.com/a.jpg",
        "https://@media.example.com/a.jpg",
        "https://elsewhere.example/a.jpg",
        "https://media.example.com.evil.example/a.jpg",
        "https://evil-media.example.com/a.jpg",
        "https://cdn.example.com/",  # the pattern means names below it
        "https://evilcdn.example.com/",
        "https://evil.example/.cdn.example.com",
        "https://evil.example#.cdn.example.com",
        "https://evil.example?.cdn.example.com",
        "https://evil.example\\.cdn.example.com/",
        "https://media.example.com\\@evil.example/",
        "https://media.example.com%2f.evil.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "ftp://media.example.com/a.jpg",
        "file:///etc/passwd",
        "gopher://media.example.com/",
        "//media.example.com/a.jpg",
        "media.example.com/a.jpg",
        "https://",
        "https://[",
        "https://media.example.com:99999/",
        "",
    ],
)
async def test_what_a_payload_may_not_make_us_call(url: str) -> None:
    # 2130706433 is on the list of hosts above: even then its address is an inner one.
    names = Names({"2130706433": ["127.0.0.1"]})
    async with calling(names=names) as outgoing:
        with pytest.raises(AddressRefused) as caught:
            await outgoing.download(url, max_bytes=1000)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.8"],
        ["192.168.1.1"],
        ["172.16.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104
        ["224.0.0.1"],
        ["255.255.255.255"],
        ["::1"],
        ["::"],
        ["fe80::1%eth0"],
        ["fd00::1"],
        ["fec0::1"],
        ["ff02::1"],
        ["::ffff:10.0.0.8"],
        ["::10.0.0.8"],
        ["64:ff9b::a00:8"],
        ["2002:a00:8::1"],
        ["8.8.8.8", "10.0.0.8"],
        ["2606:4700::1111", "127.0.0.1"],
    ],
)
async def test_a_name_that_leads_inside_is_refused(addresses: Sequence[str]) -> None:
    names = Names({"media.example.com": addresses})
    async with calling(names=names) as outgoing:
        with pytest.raises(AddressRefused):
            await outgoing.download("https://media.example.com/a.jpg", max_bytes=1000)
    assert names.asked == ["media.example.com"]


async def test_a_name_of_the_internet_is_resolved_and_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No test may call the internet: that it would is enough.
    called: list[str] = []

    async def refuse(*_: object, **options: object) -> object:
        called.append(repr(options.get("addr_infos")))
        raise ConnectionRefusedError

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", refuse)
    names = Names({"a.cdn.example.com": ["203.0.114.7", "2606:4700::1111"]})
    async with calling(names=names) as outgoing:
        with pytest.raises(NotSent):
            await outgoing.download("https://A.cdn.example.com/x", max_bytes=1000)
    assert "203.0.114.7" in repr(called)


async def test_a_trusted_inner_name_may_be_called() -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="halo")

    async with serving(x=hello) as base:
        named = base.replace("127.0.0.1", "kannel.internal")
        names = Names({"kannel.internal": ["127.0.0.1"]})
        async with calling(named, names=names) as outgoing:
            answer = await outgoing.call("GET", f"{named}/x")
    assert answer.body == b"halo"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "//127.0.0.1:1/",
        "https://elsewhere.example/",
        "file:///etc/passwd",
        "http://media.example.com/",
        "https://media.example.com/",
    ],
)
async def test_redirects_lead_nowhere_else(target: str) -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    names = Names({"2130706433": ["127.0.0.1"], "media.example.com": ["10.0.0.8"]})
    async with serving(x=away) as base, calling(base, names=names) as outgoing:
        with pytest.raises(AddressRefused):
            await outgoing.download(f"{base}/x", max_bytes=1000)


async def test_redirects_are_followed_a_few_times() -> None:
    async def next_one(request: web.Request) -> web.Response:
        left = int(request.query["left"])
        if not left:
            return web.Response(body=b"gambar")
        return web.Response(status=307, headers={"Location": f"?left={left - 1}"})

    async with serving(x=next_one) as base, calling(base) as outgoing:
        assert (await outgoing.download(f"{base}/x?left=3", max_bytes=1000)).body == b"gambar"
        with pytest.raises(AddressRefused):
            await outgoing.download(f"{base}/x?left=4", max_bytes=1000)
        # A call with a body is never sent on.
        assert (await outgoing.call("POST", f"{base}/x?left=1")).status == 307


async def test_credentials_stay_with_their_host() -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    async def there(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append(("there", headers.get("Authorization"), headers.get("X-Token")))
        return web.Response(status=302, headers={"Location": f"{first}/end"})

    async def end(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append(("end", headers.get("Authorization"), headers.get("X-Token")))
        return web.Response(body=b"gambar")

    async def start(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append(("start", headers.get("Authorization"), headers.get("X-Token")))
        target = f"{second}/there" if "far" in request.query else "/end"
        return web.Response(status=302, headers={"Location": target})

    async with (
        serving(start=start, end=end) as first,
        serving(there=there) as second,
        calling(first, second) as outgoing,
    ):
        for query in ("", "?far=1"):
            await outgoing.download(
                f"{first}/start{query}",
                headers={"X-Token": "rahasia"},
                auth=("aduan", "rahasia"),
                max_bytes=1000,
            )
    basic = "Basic YWR1YW46cmFoYXNpYQ=="
    near, far = seen[:2], seen[2:]
    assert near == [("start", basic, "rahasia"), ("end", basic, "rahasia")]
    # Back at the first host, they do not come back either: the way there led through another.
    assert far == [("start", basic, "rahasia"), ("there", None, None), ("end", None, None)]


async def test_cookies_and_the_environment_play_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    async def cookies(request: web.Request) -> web.Response:
        response = web.Response(text=request.headers.get("Cookie", "none"))
        response.set_cookie("session", "x")
        return response

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with serving(x=cookies) as base, calling(base) as outgoing:
        for _ in range(2):
            assert (await outgoing.call("GET", f"{base}/x")).body == b"none"


async def test_a_signed_address_arrives_as_it_was_written() -> None:
    seen: list[str] = []

    async def signed(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response()

    written = "/x?sig=a%2Cb%2F%7E%2B+%3D&t=1%3A2"
    async with serving(x=signed) as base, calling(base) as outgoing:
        await outgoing.call("GET", base + written)
        await outgoing.call("GET", f"{base}/x?q=jalan rusak")
    assert seen == [written, "/x?q=jalan+rusak"]


async def test_a_line_end_makes_no_second_header() -> None:
    seen: list[web.Request] = []

    async def look(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    async with serving(x=look) as base, calling(base) as outgoing:
        await outgoing.call("GET", f"{base}/x?a=1\r\nX-Evil: 1\r\n")
        with pytest.raises(AddressRefused):
            await outgoing.call("GET", f"{base}/x", headers={"X-A": "1\r\nX-Evil: 1"})
    assert [request.headers.get("X-Evil") for request in seen] == [None]


@pytest.mark.parametrize("length", [b"99999999", b"1001"])
async def test_announced_too_large_is_not_read(length: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"
    async with talking(saying(head, hang_up=False)) as base, calling(base) as outgoing:
        # Nothing ever comes after the head: it must be refused for what it says.
        with pytest.raises(AnswerTooLarge):
            await outgoing.call("GET", f"{base}/x", max_bytes=1000)


async def test_without_end_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    async with serving(x=endless) as base, calling(base) as outgoing:
        with pytest.raises(AnswerTooLarge):
            await outgoing.call("GET", f"{base}/x", max_bytes=1_000_000)


async def test_exactly_as_large_as_allowed() -> None:
    async def thousand(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000)

    async with serving(x=thousand) as base, calling(base) as outgoing:
        assert len((await outgoing.call("GET", f"{base}/x", max_bytes=1000)).body) == 1000
        with pytest.raises(AnswerTooLarge):
            await outgoing.call("GET", f"{base}/x", max_bytes=999)


async def test_a_compressed_bomb_is_counted_as_it_unpacks() -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    assert len(bomb) < 1_000_000

    async def packed(_: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(x=packed) as base, calling(base) as outgoing:
        with pytest.raises(AnswerTooLarge):
            await outgoing.call("GET", f"{base}/x", max_bytes=1_000_000)


async def test_compressed_and_small_is_unpacked() -> None:
    async def packed(_: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"halo"), headers={"Content-Encoding": "gzip"})

    async with serving(x=packed) as base, calling(base) as outgoing:
        assert (await outgoing.call("GET", f"{base}/x")).body == b"halo"


async def test_nobody_listens() -> None:
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    async with calling(base) as outgoing:
        with pytest.raises(NotSent):
            await outgoing.call("POST", f"{base}/x", json={})


async def test_no_such_name() -> None:
    async with calling("http://kannel.internal") as outgoing:
        with pytest.raises(NotSent):
            await outgoing.call("POST", "http://kannel.internal/x", json={})


async def test_no_tls_there() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with talking(plain) as base:
        secure = base.replace("http:", "https:")
        async with calling(secure) as outgoing:
            with pytest.raises(NotSent):
                await outgoing.call("POST", f"{secure}/x", json={})


async def hang_up_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(hang_up_at_once, id="connected, then reset"),
        pytest.param(saying(), id="read, then closed"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n"), id="closed in the head"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalo"), id="closed in the body"
        ),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha"),
            id="closed in a chunk",
        ),
        pytest.param(saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), id="no HTTP"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: banyak\r\n\r\n"), id="no length"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalo"),
            id="not packed",
        ),
    ],
)
async def test_sent_and_no_whole_answer(talk: Talk) -> None:
    async with talking(talk) as base, calling(base) as outgoing:
        with pytest.raises(NoAnswer) as caught:
            await outgoing.call("POST", f"{base}/x", json={"text": "rahasia"})
    assert base.removeprefix("http://") not in str(caught.value)


async def test_silence_has_an_end() -> None:
    async with (
        talking(saying(hang_up=False)) as base,
        calling(base, total_seconds=0.2) as outgoing,
    ):
        with pytest.raises(NoAnswer):
            await outgoing.call("POST", f"{base}/x", json={})


async def test_drop_by_drop_has_an_end() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)

    async with serving(x=drip) as base, calling(base, total_seconds=0.3) as outgoing:
        with pytest.raises(NoAnswer):
            await outgoing.call("GET", f"{base}/x")


async def test_every_call_has_a_connection_of_its_own() -> None:
    """On one that was kept, a request may be lost without anybody knowing."""
    peers: list[object] = []

    async def hello(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response()

    async with serving(x=hello) as base, calling(base) as outgoing:
        for _ in range(3):
            await outgoing.call("POST", f"{base}/x", json={})
    assert len(set(peers)) == 3


async def test_any_status_is_an_answer() -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(
            status=int(request.query["status"]), text='{"a": 1}', headers={"Retry-After": "7"}
        )

    async with serving(x=busy) as base, calling(base) as outgoing:
        for status in (200, 404, 429, 503):
            answer = await outgoing.call("POST", f"{base}/x?status={status}", json={})
            assert (answer.status, answer.json(), answer.retry_after_seconds) == (
                status,
                {"a": 1},
                7.0,
            )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        (" 30 ", 30.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u0667", None),
        ("", None),
        (f"{datetime(2026, 1, 1, tzinfo=UTC):%a, %d %b %Y %H:%M:%S GMT}", None),
    ],
)
def test_retry_after(written: str, seconds: float | None) -> None:
    assert Answer(503, {"Retry-After": written}, b"").retry_after_seconds == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json(body: bytes) -> None:
    assert Answer(200, {}, body).json() is None


def test_nothing_of_an_answer_is_shown() -> None:
    answer = Answer(200, {"Set-Cookie": "rahasia"}, b"rahasia")
    assert "rahasia" not in repr(answer)


def test_every_fault_is_one_of_ours() -> None:
    for kind in (NotSent, NoAnswer, AnswerTooLarge, AddressRefused):
        assert issubclass(kind, OutgoingFault)
