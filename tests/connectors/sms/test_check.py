"""``gateway check``: what it says of every account, and what it does not do: send an SMS."""

from collections.abc import AsyncIterator

import pytest

from connectors.sms.check import check
from gateway.errors import GatewayFault
from gateway.settings import ConfigFile
from tests.connectors.sms.sms_server import SmsServer, running
from tests.connectors.sms.test_reply import KINDS, PATHS
from tests.servers import free_ports

WELL = {"kannel": 400, "jasmin": 200, "twilio": 200, "generic": 404}
ASKED = {
    "kannel": ("POST", "/cgi-bin/sendsms"),
    "jasmin": ("POST", "/balance"),
    "twilio": ("GET", "/2010-04-01/Accounts/AC" + "0" * 32 + ".json"),
    "generic": ("GET", "/"),
}


@pytest.fixture
async def server() -> AsyncIterator[SmsServer]:
    async with running() as server:
        yield server


def _config(*accounts: dict[str, object]) -> ConfigFile:
    named = [{"name": f"a{n}", **account} for n, account in enumerate(accounts)]
    web = {"public_base_url": "https://aduan.example.go.id/"}
    return ConfigFile(None, {"web": web, "sms": {"accounts": named}})


def _account(kind: str, url: str) -> dict[str, object]:
    reply = {**KINDS[kind], "url": url + PATHS.get(kind, "")}
    return {"dialect": "kannel", "token": "rahasia-masuk", "reply": reply}


async def test_no_account_is_no_line() -> None:
    assert list(await check(_config())) == []


async def test_an_account_that_only_receives() -> None:
    (line,) = await check(_config({"dialect": "kannel", "token": "rahasia-masuk"}))
    assert line == (
        "sms/a0 (kannel): receives at https://aduan.example.go.id/sms/a0; "
        "cannot answer, for that set reply"
    )


async def test_pictures_of_twilio() -> None:
    (line,) = await check(_config({"dialect": "twilio", "auth_token": "rahasia-masuk"}))
    assert "fetches no pictures, for that set account_sid" in line


@pytest.mark.parametrize("kind", KINDS)
async def test_a_gateway_that_takes_answers(kind: str, server: SmsServer) -> None:
    server.status = WELL[kind]
    (line,) = await check(_config(_account(kind, server.url)))
    assert "answer" in line
    assert "cannot" not in line
    (heard,) = server.heard
    assert (heard.method, heard.path) == ASKED[kind]
    assert b"to=" not in heard.body
    assert "X-Kannel-To" not in heard.headers


@pytest.mark.parametrize("kind", ["kannel", "jasmin", "twilio"])
@pytest.mark.parametrize("status", [403, 500])
async def test_a_gateway_that_does_not(kind: str, status: int, server: SmsServer) -> None:
    server.status = status
    with pytest.raises(GatewayFault, match="sms/a0") as told:
        await check(_config(_account(kind, server.url)))
    assert "rahasia" not in str(told.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_there(kind: str) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(GatewayFault, match="sms/a0"):
        await check(_config(_account(kind, url)))


async def test_every_account_is_tried(server: SmsServer) -> None:
    server.status = 403
    with pytest.raises(GatewayFault, match=r"sms/a0.*; sms/a1"):
        await check(_config(_account("kannel", server.url), _account("jasmin", server.url)))
