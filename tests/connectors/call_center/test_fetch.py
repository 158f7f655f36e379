"""Recordings, over real HTTP."""

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from connectors.call_center.check import check
from connectors.call_center.fetch import RecordingFetcher, build_fetchers
from connectors.call_center.recordings import sealed_recording
from gateway.errors import GatewayFault, MediaAway, MediaGone, MediaRefused
from gateway.settings import ConfigFile
from normalizer.event import Channel
from tests.connectors.call_center.accounts import ACCOUNTS

SECRET = SecretStr("rahasia-pbx")
SID = "AC" + "0" * 32
BASIC = "Basic " + base64.b64encode(b"pintu:rahasia-rekaman").decode()
TWILIO = "Basic " + base64.b64encode(f"{SID}:rahasia-awan".encode()).decode()


class Server:
    """A PBX with recordings, and Twilio's API, behind logins."""

    def __init__(self) -> None:
        self.base = ""
        self.status = 200
        self.asked: list[tuple[str, str | None]] = []
        self.numbers: object = [{"voice_url": "https://aduan.example.go.id/call/uji/voice#rc=5"}]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        login = request.headers.get("Authorization")
        self.asked.append((request.raw_path, login))
        if self.status != 200:
            return web.Response(status=self.status, headers={"Retry-After": "9"})
        if login not in (BASIC, TWILIO, "Bearer rahasia-token"):
            return web.Response(status=401)
        if request.path.endswith("none.wav"):
            return web.Response(status=404)
        if request.path.endswith("IncomingPhoneNumbers.json"):
            return web.json_response({"incoming_phone_numbers": self.numbers})
        return web.Response(body=b"RIFF", content_type="audio/x-wav")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    running = TestServer(made.app())
    await running.start_server()
    made.base = str(running.make_url("")).rstrip("/")
    yield made
    await running.close()


def config(dialect: str, **changed: object) -> ConfigFile:
    told = {"name": "uji", **ACCOUNTS[dialect], **changed}
    web_table = {"public_base_url": "https://aduan.example.go.id"}
    return ConfigFile(None, {"call_center": {"accounts": [told]}, "web": web_table})


def pbx(server: Server, **changed: object) -> ConfigFile:
    told = {
        "recordings_url": f"{server.base}/rekaman",
        "recordings_username": "pintu",
        "recordings_password": "rahasia-rekaman",
        **changed,
    }
    return config("generic", **{name: value for name, value in told.items() if value is not None})


def twilio(server: Server, **changed: object) -> ConfigFile:
    return config("twilio_voice", account_sid=SID, api_url=server.base, **changed)


def media_id(address: str) -> str:
    return sealed_recording(SECRET, address, None).media_id


@pytest.fixture
async def fetcher(server: Server) -> AsyncIterator[RecordingFetcher]:
    (one,) = build_fetchers(pbx(server))
    yield one
    await one.close()


async def test_a_path_below_the_base(fetcher: RecordingFetcher, server: Server) -> None:
    assert (fetcher.channel, fetcher.account) == (Channel.CALL_CENTER, "uji")
    found = await fetcher.fetch(media_id("2026/03/dari 0812?.wav"), 100)
    assert (found.content, found.media_type) == (b"RIFF", "audio/x-wav")
    assert server.asked == [("/rekaman/2026/03/dari%200812?.wav", BASIC)]


async def test_a_whole_address(fetcher: RecordingFetcher, server: Server) -> None:
    await fetcher.fetch(media_id(f"{server.base}/rekaman/1.wav"), 100)
    assert server.asked == [("/rekaman/1.wav", BASIC)]


async def test_a_bearer_token(server: Server) -> None:
    (one,) = build_fetchers(
        pbx(
            server,
            recordings_username=None,
            recordings_password=None,
            recordings_token="rahasia-token",
        )
    )
    assert (await one.fetch(media_id("1.wav"), 100)).content == b"RIFF"
    await one.close()


@pytest.mark.parametrize("path", ["../lain/1.wav", "/lain/1.wav"])
async def test_the_login_stays_below_the_base(
    fetcher: RecordingFetcher, server: Server, path: str
) -> None:
    with pytest.raises(MediaAway):
        await fetcher.fetch(media_id(path), 100)
    assert server.asked == [("/lain/1.wav", None)]


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest", "//lain.example/1.wav", "https://lain.example/1.wav",
     "file:///etc/passwd", "http://127.0.0.1:1/1.wav"],
)  # fmt: skip
async def test_no_other_address_is_called(fetcher: RecordingFetcher, address: str) -> None:
    with pytest.raises(MediaRefused) as raised:
        await fetcher.fetch(media_id(address), 100)
    assert raised.value.reason == "address"


async def test_gone_large_and_away(fetcher: RecordingFetcher, server: Server) -> None:
    with pytest.raises(MediaGone):
        await fetcher.fetch(media_id("none.wav"), 100)
    with pytest.raises(MediaRefused) as large:
        await fetcher.fetch(media_id("1.wav"), 3)
    assert large.value.reason == "too_large"
    server.status = 503
    with pytest.raises(MediaAway) as away:
        await fetcher.fetch(media_id("1.wav"), 100)
    assert away.value.retry_after_seconds == 9


@pytest.mark.parametrize("told", ["https://pbx/1.wav", "sealed:", "sealed:a.b.c.d.e", ""])
async def test_what_was_not_sealed_by_us_is_gone(fetcher: RecordingFetcher, told: str) -> None:
    with pytest.raises(MediaGone):
        await fetcher.fetch(told, 100)
    other = sealed_recording(SecretStr("rahasia-lain"), "1.wav", None).media_id
    with pytest.raises(MediaGone):
        await fetcher.fetch(other, 100)


async def test_twilio_gets_its_login(server: Server) -> None:
    (one,) = build_fetchers(twilio(server))
    found = await one.fetch(f"{server.base}/2010-04-01/Recordings/RE1.mp3", 100)
    assert found.content == b"RIFF"
    assert server.asked == [("/2010-04-01/Recordings/RE1.mp3", TWILIO)]
    with pytest.raises(MediaRefused):
        await one.fetch("https://lain.example/RE1.mp3", 100)
    await one.close()


def test_who_says_no_place_fetches_nothing() -> None:
    assert build_fetchers(config("generic")) == []
    assert build_fetchers(config("twilio_voice")) == []


async def test_check_says_what_there_is(server: Server) -> None:
    url = "https://aduan.example.go.id/call/uji"
    assert await check(pbx(server)) == [
        f"call_center/uji: waits for signed events at {url}",
        f"call_center/uji: recordings: {server.base}/rekaman answers",
    ]
    assert await check(twilio(server)) == [
        f"call_center/uji: Twilio knows the account; 1 of 1 numbers ask {url}/voice",
        f"call_center/uji: 0 of 1 numbers tell of ended calls at {url}",
    ]
    assert "no recordings_url" in (await check(config("generic")))[1]
    assert "no account_sid" in (await check(config("twilio_voice")))[0]


async def test_check_says_what_is_wrong(server: Server) -> None:
    with pytest.raises(GatewayFault, match="refuses the login"):
        await check(pbx(server, recordings_password="rahasia-salah"))
    with pytest.raises(GatewayFault, match="refuses account_sid and auth_token") as raised:
        await check(twilio(server, auth_token="rahasia-salah"))
    assert "rahasia" not in str(raised.value)
    server.numbers = None
    with pytest.raises(GatewayFault, match="does not answer as Twilio does"):
        await check(twilio(server))
    server.status = 500
    for told in (pbx(server), twilio(server)):
        with pytest.raises(GatewayFault, match="status 500"):
            await check(told)
    server.base = "http://127.0.0.1:1"
    for told in (pbx(server), twilio(server)):
        with pytest.raises(GatewayFault, match="does not answer"):
            await check(told)
