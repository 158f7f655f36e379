"""Pictures of an MMS: fetched with the account's login, and from nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connectors.sms.fetch import TwilioFetcher, build_fetchers
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.settings import ConfigFile
from normalizer.event import Channel
from tests.connectors.sms.accounts import basic
from tests.connectors.sms.sms_server import SmsServer, running
from tests.servers import free_ports

SID = "AC" + "0" * 32
TOKEN = "rahasia-twilio"
MEDIA = f"/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"


@pytest.fixture
async def server() -> AsyncIterator[SmsServer]:
    async with running() as server:
        yield server


def _config(**changed: object) -> ConfigFile:
    account = {"name": "mms", "dialect": "twilio", "auth_token": TOKEN, "account_sid": SID}
    kannel = {"name": "desa", "dialect": "kannel", "token": "rahasia-kannel"}
    told = {key: value for key, value in {**account, **changed}.items() if value is not None}
    return ConfigFile(None, {"sms": {"accounts": [told, kannel]}})


@asynccontextmanager
async def _fetcher(url: str) -> AsyncIterator[TwilioFetcher]:
    (fetcher,) = build_fetchers(_config(api_url=url))
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def test_whose_pictures_can_be_fetched() -> None:
    (fetcher,) = build_fetchers(_config())
    assert (fetcher.channel, fetcher.account) == (Channel.SMS, "mms")
    assert list(build_fetchers(_config(account_sid=None))) == []
    reply = {"kind": "twilio", "account_sid": SID, "auth_token": TOKEN, "sender": "+15005550006"}
    assert len(build_fetchers(_config(account_sid=None, reply=reply))) == 1


async def test_a_picture(server: SmsServer) -> None:
    server.body, server.headers = b"\xff\xd8\xff", {"Content-Type": "image/jpeg; x=1"}
    async with _fetcher(server.url) as fetcher:
        found = await fetcher.fetch(server.url + MEDIA, 100)
    assert found == Fetched(b"\xff\xd8\xff", "image/jpeg")
    (heard,) = server.heard
    assert (heard.method, heard.path) == ("GET", MEDIA)
    assert heard.headers["Authorization"] == basic(SID, TOKEN)


async def test_the_token_goes_to_the_api_alone(server: SmsServer) -> None:
    async with _fetcher(server.url + "/api") as fetcher:
        await fetcher.fetch(server.url + "/gambar", 100)
        await fetcher.fetch(server.url + "/api/gambar", 100)
    assert ["Authorization" in heard.headers for heard in server.heard] == [False, True]


async def test_no_redirect_to_a_server_inside() -> None:
    async with running() as api, running() as elsewhere, _fetcher(api.url) as fetcher:
        api.status, api.headers = 307, {"Location": elsewhere.url + "/gambar"}
        with pytest.raises(MediaRefused):
            await fetcher.fetch(api.url + MEDIA, 100)
        assert elsewhere.heard == []


@pytest.mark.parametrize("status", [404, 410])
async def test_gone(status: int, server: SmsServer) -> None:
    server.status = status
    async with _fetcher(server.url) as fetcher:
        with pytest.raises(MediaGone):
            await fetcher.fetch(server.url + MEDIA, 100)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_not_now(status: int, server: SmsServer) -> None:
    server.status, server.headers = status, {"Retry-After": "9"}
    async with _fetcher(server.url) as fetcher:
        with pytest.raises(MediaAway) as told:
            await fetcher.fetch(server.url + MEDIA, 100)
    assert told.value.retry_after_seconds == 9


async def test_nobody_is_there_or_hangs_up(server: SmsServer) -> None:
    server.body = None
    async with _fetcher(server.url) as fetcher:
        with pytest.raises(MediaAway):
            await fetcher.fetch(server.url + MEDIA, 100)
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with _fetcher(url) as fetcher:
        with pytest.raises(MediaAway):
            await fetcher.fetch(url + MEDIA, 100)


async def test_too_large(server: SmsServer) -> None:
    server.body = b"x" * 101
    async with _fetcher(server.url) as fetcher:
        with pytest.raises(MediaRefused) as told:
            await fetcher.fetch(server.url + MEDIA, 100)
    assert told.value.reason == "too_large"


@pytest.mark.parametrize(
    "media_id",
    [
        "https://media.example.com/gambar",
        "http://127.0.0.1:1/gambar",
        "https://169.254.169.254/latest",
        "http://media.twiliocdn.com/gambar",
        "file:///etc/passwd",
        "bukan alamat",
    ],
)
async def test_an_address_that_is_not_called(media_id: str, server: SmsServer) -> None:
    async with _fetcher(server.url) as fetcher:
        with pytest.raises(MediaRefused) as told:
            await fetcher.fetch(media_id, 100)
    assert told.value.reason == "address"
    assert server.heard == []
