"""A platform that takes messages over real HTTP, and the replier that calls it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.http import NoAnswer, NotSent, Outgoing
from normalizer.event import Channel, ReplyPath

#: ``silent``: taken, and the connection ends without an answer. ``held``: taken, and answered
#: when the test says so.
Mood = Literal["well", "blocked", "away", "busy", "silent", "held"]

BUSY_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Message:
    account: str
    key: str
    to: str
    text: str
    subject: str


@dataclass
class Platform:
    """What was handed to it, and how it will behave; after the moods are used up it is well."""

    url: str = ""
    taken: list[Message] = field(default_factory=list)
    moods: deque[Mood] = field(default_factory=deque)
    always: Mood = "well"
    calls: int = 0
    side_by_side: int = 0
    most_side_by_side: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def texts_to(self, address: str) -> list[str]:
        return [message.text for message in self.taken if message.to == address]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        self.side_by_side += 1
        self.most_side_by_side = max(self.most_side_by_side, self.side_by_side)
        try:
            return await self._answer(request)
        finally:
            self.side_by_side -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        mood = self.moods.popleft() if self.moods else self.always
        if mood == "blocked":
            return web.Response(status=403)
        if mood == "away":
            return web.Response(status=503)
        if mood == "busy":
            return web.Response(status=429, headers={"Retry-After": str(BUSY_SECONDS)})
        told = await request.json()
        self.taken.append(Message(request.match_info["account"], **told))
        if mood == "held":
            await self.go_on.wait()
        if mood == "silent":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"id": f"sent-{len(self.taken)}"})


@asynccontextmanager
async def running_platform() -> AsyncIterator[Platform]:
    """On a free port of this process."""
    platform = Platform()
    app = web.Application()
    app.router.add_post("/{account}/send", platform.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    platform.url = f"http://127.0.0.1:{port}"
    yield platform
    platform.go_on.set()
    await runner.cleanup()


class HttpReplier:
    """Speaks to ``Platform``, as a channel's own replier would to its provider."""

    def __init__(self, url: str, channel: Channel, account: str) -> None:
        self._url = f"{url}/{account}/send"
        self._channel = channel
        self._account = account
        self._http = Outgoing([url], connect_seconds=5, total_seconds=20)

    @property
    def channel(self) -> Channel:
        return self._channel

    @property
    def account(self) -> str:
        return self._account

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        told = {
            "key": reply.key, "to": path.address, "text": reply.text, "subject": reply.subject,
        }  # fmt: skip
        try:
            answer = await self._http.call("POST", self._url, json=told)
        except NotSent:
            raise ReplyAway("unreachable") from None
        except NoAnswer:
            raise ReplyUnknown("no answer") from None
        if answer.status in (429, 503):
            raise ReplyAway("busy", answer.retry_after_seconds)
        if answer.status != 200:
            raise ReplyRefused("blocked")
        return str(answer.json()["id"])

    async def close(self) -> None:
        await self._http.close()


class BrokenReplier(HttpReplier):
    """One with a fault of its own, whose text quotes whom it was to answer."""

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        raise KeyError(path.address)
