"""Telegram's side of the Bot API for one bot, over real HTTP, as the manual describes it.

Nothing in here knows the connector. What the manual leaves open is taken from the open server
(tdlib/telegram-bot-api): the words of its errors, and who loses when two ask at once.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]

#: "By default, all update types except chat_member, message_reaction, and message_reaction_count."
_ONLY_WHEN_NAMED = {"chat_member", "message_reaction", "message_reaction_count"}
_LARGEST_FILE = 20_000_000


class ApiError(Exception):
    """An answer with ``"ok": false``."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass
class Cut:
    """The connection ends without an answer, ``after`` the call was carried out or before."""

    after: bool = False


@dataclass
class Garbage:
    """A body that is not the Bot API's: a proxy's page, half an answer."""

    body: bytes = b"<html>502 Bad Gateway</html>"
    status: int = 200


Fault = ApiError | Cut | Garbage


@dataclass
class Webhook:
    """What ``setWebhook`` was told, and how the last tries went."""

    url: str
    secret_token: str = ""
    last_error_date: int | None = None
    last_error_message: str | None = None


@dataclass
class BotApi:
    """One bot at Telegram's. Tests write into it what people do, and read what the bot did."""

    token: str
    username: str = "ngawi_uji_bot"
    reads_groups: bool = False
    updates: deque[Json] = field(default_factory=deque)
    next_update_id: int = 700_000_001
    allowed_updates: list[str] = field(default_factory=list)
    webhook: Webhook | None = None
    #: file_id to content.
    files: dict[str, bytes] = field(default_factory=dict)
    unavailable_files: set[str] = field(default_factory=set)
    #: Every ``sendMessage`` that was carried out.
    sent: list[Json] = field(default_factory=list)
    #: Every call: method and parameters.
    calls: list[tuple[str, Json]] = field(default_factory=list)
    #: What the next calls of a method run into, first come first served.
    faults: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _poller: int = 0

    def happen(self, **kind: Any) -> int:
        """Something happens; the id of its update, which only what was asked for uses up."""
        update_id = self.next_update_id
        name = next(iter(kind), "")
        usual = name not in _ONLY_WHEN_NAMED
        if name in self.allowed_updates or (usual and not self.allowed_updates):
            self.next_update_id += 1
            self.updates.append({"update_id": update_id, **kind})
            self._wake()
        return update_id

    async def push(self) -> list[int]:
        """Bring what is waiting to the webhook, one by one; stops at what is not taken."""
        assert self.webhook is not None
        statuses = []
        async with aiohttp.ClientSession() as session:
            while self.updates:
                status = await self._push_one(session, self.updates[0])
                statuses.append(status)
                if not 200 <= status <= 299:
                    break
                self.updates.popleft()
        return statuses

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(client_max_size=1_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/{path:.*}", self._download)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        parameters = await _parameters(request)
        self.calls.append((method, parameters))
        fault = self.faults[method].popleft() if self.faults[method] else None
        try:
            if request.match_info["token"] != self.token:
                raise ApiError(401, "Unauthorized")
            if isinstance(fault, ApiError):
                raise fault
            if isinstance(fault, Garbage):
                return web.Response(body=fault.body, status=fault.status)
            if isinstance(fault, Cut) and not fault.after:
                return _hang_up(request)
            action = getattr(self, f"_{method}", None)
            if action is None:
                raise ApiError(404, "Not Found")
            result = await action(parameters)
        except ApiError as error:
            return _refusal(error)
        if fault is not None:
            return _hang_up(request)
        return web.json_response({"ok": True, "result": result})

    async def _getMe(self, _: Json) -> Json:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Aduan Uji",
            "username": self.username,
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_groups,
            "supports_inline_queries": False,
        }

    async def _getUpdates(self, parameters: Json) -> list[Json]:
        if self.webhook is not None:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        # The newer call wins; the older one ends.
        self._poller += 1
        mine = self._poller
        self._wake()
        if "allowed_updates" in parameters:
            self.allowed_updates = list(parameters["allowed_updates"])
        offset = int(parameters.get("offset", 0))
        while offset > 0 and self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()
        deadline = time.monotonic() + float(parameters.get("timeout", 0))
        while not self.updates and (left := deadline - time.monotonic()) > 0:
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                break
            if self._poller != mine:
                raise ApiError(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
        return list(self.updates)[: int(parameters.get("limit", 100))]

    async def _setWebhook(self, parameters: Json) -> bool:
        if not parameters.get("url"):
            return await self._deleteWebhook(parameters)
        self.webhook = Webhook(parameters["url"], parameters.get("secret_token", ""))
        self.allowed_updates = list(parameters.get("allowed_updates", self.allowed_updates))
        self._drop(parameters)
        return True

    async def _deleteWebhook(self, parameters: Json) -> bool:
        self.webhook = None
        self._drop(parameters)
        return True

    async def _getWebhookInfo(self, _: Json) -> Json:
        hook = self.webhook
        info: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
            "allowed_updates": self.allowed_updates,
        }
        if hook is not None:
            info |= {"max_connections": 40, "ip_address": "127.0.0.1"}
            if hook.last_error_date is not None:
                info["last_error_date"] = hook.last_error_date
                info["last_error_message"] = hook.last_error_message
        return info

    async def _getFile(self, parameters: Json) -> Json:
        file_id = parameters.get("file_id", "")
        if file_id in self.unavailable_files:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if file_id not in self.files:
            raise ApiError(400, "Bad Request: invalid file_id")
        size = len(self.files[file_id])
        if size > _LARGEST_FILE:
            raise ApiError(400, "Bad Request: file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"u-{file_id}",
            "file_size": size,
            "file_path": f"photos/{file_id}.jpg",
        }

    async def _sendMessage(self, parameters: Json) -> Json:
        self.sent.append(parameters)
        chat_id = int(parameters["chat_id"])
        return {
            "message_id": 9000 + len(self.sent),
            "date": int(time.time()),
            "chat": {"id": chat_id, "type": "private"},
            "text": parameters["text"],
        }

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(("download", {"path": request.match_info["path"]}))
        fault = self.faults["download"].popleft() if self.faults["download"] else None
        if isinstance(fault, Cut):
            return _hang_up(request)
        if isinstance(fault, Garbage):
            return web.Response(body=fault.body, status=fault.status)
        file_id = request.match_info["path"].removeprefix("photos/").removesuffix(".jpg")
        if request.match_info["token"] != self.token or file_id not in self.files:
            return _refusal(ApiError(404, "Not Found"))
        return web.Response(body=self.files[file_id], content_type="application/octet-stream")

    async def _push_one(self, session: aiohttp.ClientSession, update: Json) -> int:
        assert self.webhook is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.secret_token}
        async with session.post(self.webhook.url, json=update, headers=headers) as answer:
            await answer.read()
        if not 200 <= answer.status <= 299:
            self.webhook.last_error_date = int(time.time())
            self.webhook.last_error_message = (
                f"Wrong response from the webhook: {answer.status} {answer.reason}"
            )
        return answer.status

    def _drop(self, parameters: Mapping[str, Any]) -> None:
        if parameters.get("drop_pending_updates"):
            self.updates.clear()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@asynccontextmanager
async def serving(api: BotApi) -> AsyncIterator[str]:
    """The server on a free port of 127.0.0.1; its base URL."""
    async with TestServer(api.app()) as server:
        yield str(server.make_url("/")).rstrip("/")


async def _parameters(request: web.Request) -> Json:
    """JSON, or a form whose compound values are JSON."""
    if request.content_type == "application/json":
        parsed: Json = await request.json()
        return parsed
    given = {**request.query, **await request.post()}
    fields = {name: str(value) for name, value in given.items()}
    return {n: json.loads(v) if v.startswith(("[", "{")) else v for n, v in fields.items()}


def _refusal(error: ApiError) -> web.Response:
    said: Json = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        said["parameters"] = error.parameters
    return web.json_response(said, status=error.status)


def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
