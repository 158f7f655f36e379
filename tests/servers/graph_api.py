"""A server that speaks as much of Meta's Graph API as answers and media need."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "token-graf-uji"


@dataclass
class GraphApi:
    """What it was told and what it tells."""

    url: str = ""
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    media: dict[str, bytes] = field(default_factory=dict)
    #: Status and error code of the next answers to a message; empty: it is taken.
    faults: list[tuple[int, int, int]] = field(default_factory=list)
    #: Statuses of the next media look-ups; empty: 200.
    look_ups: list[int] = field(default_factory=list)
    #: Addresses that were called with the token in them: there must be none.
    leaks: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{version}/{sender}/messages", self._take)
        app.router.add_get("/download/{media}", self._download)
        app.router.add_get("/{version}/{media}", self._look_up)
        return app

    def _allowed(self, request: web.Request) -> bool:
        if TOKEN in str(request.url):
            self.leaks.append(str(request.url))
        return request.headers.get("Authorization") == f"Bearer {TOKEN}"

    async def _take(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return _error(401, 190)
        if self.faults:
            return _error(*self.faults.pop(0))
        self.sent.append((request.match_info["sender"], json.loads(await request.read())))
        number = f"m.{len(self.sent)}"
        return web.json_response({"messages": [{"id": number}], "message_id": number})

    async def _look_up(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return _error(401, 190)
        if self.look_ups and (status := self.look_ups.pop(0)) != 200:
            return _error(status, 2)
        media = request.match_info["media"]
        if media not in self.media:
            return _error(400, 100, 33)
        told = {"url": f"{self.url}/download/{media}", "mime_type": "image/jpeg", "id": media}
        return web.json_response(told)

    async def _download(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return web.Response(status=401)
        body = self.media.get(request.match_info["media"])
        if body is None:
            return web.Response(status=404)
        return web.Response(body=body, content_type="image/jpeg")


def _error(status: int, code: int, subcode: int = 0) -> web.Response:
    error = {"message": "told by the platform", "code": code, "error_subcode": subcode}
    return web.json_response({"error": error}, status=status)


@asynccontextmanager
async def running_graph_api() -> AsyncIterator[GraphApi]:
    """On a free port of this host."""
    api = GraphApi()
    async with TestServer(api.app()) as server:
        api.url = str(server.make_url("")).rstrip("/")
        yield api
