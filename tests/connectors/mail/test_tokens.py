"""XOAUTH2: tokens from a real token server, taken by a real Dovecot and a real SMTP server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.mail.check import check
from connectors.mail.connector import MailConnector
from connectors.mail.reply import MailReplier
from connectors.mail.settings import OAuth, SmtpServer
from connectors.mail.tokens import Tokens
from gateway.contract import Reply
from gateway.errors import GatewayFault, NotConnected
from gateway.settings import ConfigFile
from normalizer.event import ReplyPath
from tests.connectors.mail.house import House, mailbox
from tests.connectors.mail.marks import mail
from tests.servers import ServerMissing
from tests.servers.dovecot import USER, Dovecot, running_dovecot
from tests.servers.fixtures import absent
from tests.servers.smtp import running_smtp


@dataclass
class TokenServer:
    """Hands out tokens, and tells mail servers which are good."""

    forms: list[dict[str, list[str]]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    status: int = 200
    expires_in: object = 3600
    url: str = ""

    async def token(self, request: web.Request) -> web.Response:
        self.forms.append(parse_qs(await request.text()))
        if self.status != 200:
            return web.json_response({"error": "invalid_grant"}, status=self.status)
        token = f"token-{len(self.forms)}"
        self.good.add(token)
        return web.json_response({"access_token": token, "expires_in": self.expires_in})

    async def introspect(self, request: web.Request) -> web.Response:
        form = parse_qs(await request.text())
        active = form.get("token", [""])[0] in self.good
        return web.json_response({"active": active, "username": USER if active else None})


@pytest.fixture
async def token_server() -> AsyncIterator[TokenServer]:
    double = TokenServer()
    app = web.Application()
    app.router.add_post("/token", double.token)
    app.router.add_post("/introspect", double.introspect)
    async with TestServer(app) as server:
        double.url = str(server.make_url("")).rstrip("/")
        yield double


def oauth(server: TokenServer, **changed: object) -> dict[str, object]:
    values = {
        "token_url": f"{server.url}/token",
        "client_id": "gerbang",
        "client_secret": "rahasia-klien",
        "refresh_token": "penyegar",
    }
    return values | changed


@pytest.fixture
async def dovecot(token_server: TokenServer) -> AsyncIterator[Dovecot]:
    try:
        with running_dovecot(f"{token_server.url}/introspect") as server:
            yield server
    except ServerMissing as missing:
        absent("Dovecot", missing)


async def test_a_mailbox_is_opened_with_a_token(
    house: House, dovecot: Dovecot, token_server: TokenServer
) -> None:
    dovecot.append(mail("XOAUTH"))
    settings = mailbox(dovecot.port, password=None, oauth=oauth(token_server))
    async with house.polling(settings):
        await house.holds(1)
    (form,) = token_server.forms
    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == ["penyegar"]
    (line,) = await check(
        ConfigFile(None, {"mail": {"accounts": [settings.model_dump(mode="python")]}})
    )
    assert line.startswith("aduan: 1 mails, 0 of them not marked")


async def test_a_token_that_is_not_taken_is_replaced(
    house: House, dovecot: Dovecot, token_server: TokenServer
) -> None:
    settings = mailbox(dovecot.port, password=None, oauth=oauth(token_server))
    connector = MailConnector(settings, house.directory)
    await connector.connect()
    await connector.close()
    token_server.good.clear()
    with pytest.raises(NotConnected, match="log in"):
        await connector.connect()
    await connector.close()
    await connector.connect()
    await connector.close()
    assert len(token_server.forms) == 2


async def test_an_answer_is_sent_with_a_token(token_server: TokenServer) -> None:
    with running_smtp(login=(b"aduan@ngawi.example", b"token-1")) as room:
        smtp = SmtpServer.model_validate(
            {
                "host": "127.0.0.1",
                "port": room.port,
                "security": "plain",
                "username": "aduan@ngawi.example",
                "from_address": "aduan@ngawi.example",
                "oauth": oauth(token_server),
            }
        )
        path = ReplyPath(address="sri.contoh@warga.example")
        await MailReplier("aduan", smtp).reply(path, Reply("k", "Nomor Anda", "Aduan"))
        assert room.logins == ["XOAUTH2"]
        assert len(room.envelopes) == 1


@pytest.mark.parametrize(
    ("expires_in", "usable_for"),
    [(3600, 3600 - 120), ("3600", 3600 - 120), (None, 600 - 120), ("besok", 600 - 120)],
)
async def test_a_token_is_used_until_shortly_before_its_end(
    token_server: TokenServer, expires_in: object, usable_for: float
) -> None:
    token_server.expires_in = expires_in
    now = 1000.0
    tokens = Tokens(OAuth.model_validate(oauth(token_server)), clock=lambda: now)
    first = await tokens.get()
    now += usable_for - 1
    assert await tokens.get() == first
    now += 1
    assert await tokens.get() != first


async def test_a_program_with_rights_of_its_own_needs_no_refresh_token(
    token_server: TokenServer,
) -> None:
    values = oauth(token_server, refresh_token=None, scope="https://outlook.office365.com/.default")
    await Tokens(OAuth.model_validate(values)).get()
    (form,) = token_server.forms
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["https://outlook.office365.com/.default"]
    assert "refresh_token" not in form


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_refusal_is_told_without_secrets(token_server: TokenServer, status: int) -> None:
    token_server.status = status
    with pytest.raises(NotConnected, match=f"status {status}") as told:
        await Tokens(OAuth.model_validate(oauth(token_server))).get()
    assert "rahasia" not in str(told.value)
    assert "penyegar" not in str(told.value)


async def test_a_token_server_that_is_away(token_server: TokenServer) -> None:
    values = oauth(token_server, token_url="http://127.0.0.1:9/token")
    with pytest.raises(NotConnected, match="away"):
        await Tokens(OAuth.model_validate(values)).get()
    accounts = [{"name": "a", "host": "x.example", "username": "u", "oauth": values}]
    with pytest.raises(GatewayFault, match="mailbox a"):
        await check(ConfigFile(None, {"mail": {"accounts": accounts}}))
