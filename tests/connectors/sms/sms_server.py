"""A real HTTP server in the place of an SMS gateway: it writes down and answers as it is told."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Heard:
    """One request, as it came over the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


@dataclass
class SmsServer:
    """``status``, ``body`` and ``headers`` are the answer; ``None`` as body: it hangs up."""

    status: int = 200
    body: bytes | None = b""
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        raw = request.rel_url.raw_query_string
        self.heard.append(Heard(request.method, request.path, raw, request.headers.copy(), body))
        if self.body is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@asynccontextmanager
async def running() -> AsyncIterator[SmsServer]:
    """It listens on 127.0.0.1 at ``url``."""
    told = SmsServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", told.answer)
    async with TestServer(app) as server:
        told.url = str(server.make_url("")).rstrip("/")
        yield told
