"""A server that speaks as much of X's API as the gateway calls, over real HTTP.

It checks OAuth 1.0a for itself, by the letter of RFC 5849 and with nothing of the gateway's.
"""

import base64
import hashlib
import hmac
import re
import urllib.parse
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

SECRETS = ("rahasia-aplikasi", "rahasia-token-akun")


@dataclass
class XServer:
    """What it was sent, and what it is told to answer."""

    base_url: str = ""
    #: Path and JSON body of every signed POST.
    sent: list[tuple[str, object]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    #: Instead of doing its work: status, JSON body, headers.
    fails: tuple[int, object, dict[str, str]] | None = None
    webhooks: list[dict[str, object]] = field(default_factory=list)
    me: dict[str, str] = field(
        default_factory=lambda: {"id": "1111111111111111111", "username": "kabcontoh"}
    )
    files: dict[str, bytes] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/2/dm_conversations/with/{user}/messages", self._message)
        app.router.add_post("/2/tweets", self._post)
        app.router.add_get("/2/users/me", self._me)
        app.router.add_get("/2/webhooks", self._webhooks)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_get("/moved/{name}", self._moved)
        return app

    async def start(self) -> TestServer:
        server = TestServer(self.app())
        await server.start_server()
        self.base_url = str(server.make_url("")).rstrip("/")
        return server

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.fails is not None:
            status, body, headers = self.fails
            return web.json_response(body, status=status, headers=headers)
        if not self._is_signed(request):
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        return None

    def _is_signed(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        given = dict(re.findall(r'(\w+)="([^"]*)"', header.removeprefix("OAuth ")))
        given = {name: urllib.parse.unquote(value) for name, value in given.items()}
        nonce, claimed = given.get("oauth_nonce", ""), given.pop("oauth_signature", "")
        if not nonce or nonce in self.nonces:
            return False
        self.nonces.add(nonce)
        pairs = sorted(
            (urllib.parse.quote(n, safe="~"), urllib.parse.quote(v, safe="~"))
            for n, v in [*given.items(), *request.query.items()]
        )
        parts = [request.method, f"http://{request.host}{request.path}"]
        parts.append("&".join("=".join(pair) for pair in pairs))
        signed = "&".join(urllib.parse.quote(part, safe="~") for part in parts)
        digest = hmac.new("&".join(SECRETS).encode(), signed.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(digest), str(claimed).encode())

    async def _message(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        self.sent.append((request.path, await request.json()))
        return web.json_response(
            {"data": {"dm_event_id": "900", "dm_conversation_id": "1-2"}}, status=201
        )

    async def _post(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        self.sent.append((request.path, body))
        return web.json_response({"data": {"id": "901", "text": body["text"]}}, status=201)

    async def _me(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response({"data": self.me})

    async def _webhooks(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer token-pembawa":
            return web.json_response({}, status=401)
        return web.json_response({"data": self.webhooks})

    async def _file(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        content = self.files.get(request.match_info["name"])
        if content is None:
            return web.Response(status=404)
        return web.Response(body=content, headers={"Content-Type": "image/jpeg; charset=x"})

    async def _moved(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/elsewhere")
