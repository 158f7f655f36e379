"""Meta's side of the Graph API, over real HTTP, as its manuals describe it.

Nothing in here knows the connector: messages with their rules, media by look-up and short-lived
address, files on a host without token, objects, subscriptions, batches, errors with codes.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "token-graf-uji"
#: How long an address of a medium works.
LINK_SECONDS = 300

Json = dict[str, Any]

#: Field expansion of a mention: ``mentioned_comment.comment_id(17869){text}``.
_EXPANSION = re.compile(r"(mentioned_\w+)\.\w+\((\w+)\)\{(.+)\}")


@dataclass
class Cut:
    """The connection ends without an answer, after the message was taken or before."""

    after: bool = False


@dataclass
class GraphApi:
    """What it was told and what it tells. A test writes into it what Meta knows."""

    url: str = ""
    #: Sender and body of every message that was taken.
    sent: list[tuple[str, Json]] = field(default_factory=list)
    #: Media id to content.
    media: dict[str, bytes] = field(default_factory=dict)
    #: Name to content, of files that are had without a token.
    files: dict[str, bytes] = field(default_factory=dict)
    #: Path to what a look-up there tells.
    objects: dict[str, Json] = field(default_factory=dict)
    #: Id to what is told of a mention.
    mentioned: dict[str, Json] = field(default_factory=dict)
    #: Token to what ``debug_token`` tells of it.
    tokens: dict[str, Json] = field(default_factory=dict)
    #: Status, code and subcode of the next answers to a message; empty: it is taken.
    faults: list[tuple[int, int, int] | Cut] = field(default_factory=list)
    #: Statuses of the next look-ups of media, and of the next downloads; empty: 200.
    look_ups: list[int] = field(default_factory=list)
    downloads: list[int] = field(default_factory=list)
    #: Where the look-ups say that media are, instead of here.
    elsewhere: str | None = None
    #: What ``Retry-After`` says beside an error.
    retry_after: str | None = None
    #: Seconds since the start; a test moves it.
    clock: float = 0.0
    #: Addresses that were called with a token in them, or with a token that was not theirs.
    leaks: list[str] = field(default_factory=list)
    #: Every ``appsecret_proof`` that came, by whichever way.
    proofs: list[str] = field(default_factory=list)
    _links: dict[str, tuple[str, float]] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_post("/{version:v[0-9.]+}/", self._batch)
        app.router.add_post("/{version:v[0-9.]+}/{sender}/messages", self._take)
        app.router.add_get("/download/{link}", self._download)
        app.router.add_get("/cdn/{name}", self._file)
        app.router.add_get("/{version:v[0-9.]+}/{path:.+}", self._get)
        return app

    def _allowed(self, request: web.Request) -> bool:
        known = {TOKEN, *self.tokens}
        if any(token in str(request.url) for token in known):
            self.leaks.append(str(request.url))
        if "appsecret_proof" in request.query:
            self.proofs.append(request.query["appsecret_proof"])
        return request.headers.get("Authorization") in {f"Bearer {token}" for token in known}

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if not self._allowed(request):
            return self._error(401, 190)
        told: Json = json.loads(await request.read())
        if "appsecret_proof" in told:
            self.proofs.append(told.pop("appsecret_proof"))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Cut):
            if fault.after:
                self.sent.append((request.match_info["sender"], told))
            return _cut(request)
        if fault is not None:
            return self._error(*fault)
        refusal = self._refusal(told)
        if refusal is not None:
            return self._error(*refusal)
        self.sent.append((request.match_info["sender"], told))
        number = len(self.sent)
        if told.get("messaging_product") == "whatsapp":
            return web.json_response({"messages": [{"id": f"wamid.{number}"}]})
        return web.json_response({"recipient_id": "9001", "message_id": f"m_{number}"})

    def _refusal(self, told: Json) -> tuple[int, int, int] | None:
        """The rules of the two ways of sending."""
        if told.get("messaging_product") == "whatsapp":
            one_of = ("to" in told) != ("recipient" in told)
            whole = told.get("type") == "text" and bool(told.get("text", {}).get("body"))
            return None if one_of and whole else (400, 100, 0)
        recipient = told.get("recipient", {})
        if not told.get("message", {}).get("text") or len(recipient) != 1:
            return (400, 100, 0)
        (kind, subject) = next(iter(recipient.items()))
        if kind == "id":
            return None
        if kind not in ("comment_id", "post_id"):
            return (400, 100, 0)
        if subject in self._answered:
            return (400, 10900, 0)
        self._answered.add(subject)
        return None

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if not self._allowed(request):
            return self._error(401, 190)
        path = request.match_info["path"]
        expansion = _EXPANSION.fullmatch(request.query.get("fields", ""))
        if expansion is not None:
            found = self.mentioned.get(expansion[2])
            if found is None:
                return self._error(400, 100, 33)
            return web.json_response({expansion[1]: found, "id": path})
        if path in self.objects:
            return web.json_response(self.objects[path])
        return self._look_up(path)

    def _look_up(self, media: str) -> web.Response:
        if self.look_ups and (status := self.look_ups.pop(0)) != 200:
            return self._error(status, 2)
        if media not in self.media:
            return self._error(400, 100, 33)
        link = f"link{len(self._links)}"
        self._links[link] = (media, self.clock + LINK_SECONDS)
        told = {
            "messaging_product": "whatsapp",
            "url": self.elsewhere or f"{self.url}/download/{link}",
            "mime_type": "image/jpeg",
            "file_size": len(self.media[media]),
            "id": media,
        }
        return web.json_response(told)

    async def _download(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return web.Response(status=401)
        if self.downloads and (status := self.downloads.pop(0)) != 200:
            return web.Response(status=status, headers=self._pause())
        media, until = self._links.get(request.match_info["link"], ("", 0.0))
        body = self.media.get(media)
        if body is None or self.clock >= until:
            return web.Response(status=404)
        return web.Response(body=body, content_type="image/jpeg")

    async def _file(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self.leaks.append(str(request.url))
        if self.downloads and (status := self.downloads.pop(0)) != 200:
            return web.Response(status=status, headers=self._pause())
        body = self.files.get(request.match_info["name"])
        if body is None:
            return web.Response(status=404)
        return web.Response(body=body, content_type="image/png")

    async def _batch(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return self._error(401, 190)
        told = json.loads(await request.read())
        return web.json_response([self._called(one["relative_url"]) for one in told["batch"]])

    def _called(self, relative_url: str) -> Json:
        parts = urlsplit(relative_url)
        asked = parse_qs(parts.query).get("input_token", [""])[0]
        if parts.path != "debug_token" or asked not in self.tokens:
            return {"code": 400, "body": json.dumps({"error": {"code": 100}})}
        return {"code": 200, "body": json.dumps({"data": self.tokens[asked]})}

    def _pause(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": self.retry_after}

    def _error(self, status: int, code: int, subcode: int = 0) -> web.Response:
        error = {"message": "(told by the platform)", "type": "OAuthException", "code": code}
        if subcode:
            error["error_subcode"] = subcode
        return web.json_response({"error": error}, status=status, headers=self._pause())


def _cut(request: web.Request) -> web.StreamResponse:
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def running_graph_api() -> AsyncIterator[GraphApi]:
    """On a free port of this host."""
    api = GraphApi()
    async with TestServer(api.app()) as server:
        api.url = str(server.make_url("")).rstrip("/")
        yield api
