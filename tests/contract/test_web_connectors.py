"""Every connector that is called by a provider, over real HTTP and a real log.

A channel joins by one entry in ``SPECIMENS``: a request that its provider would send.
"""

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connectors.registry import REGISTRY, build_all
from connectors.sms.sample import call_for
from connectors.sms.settings import SmsSettings
from gateway.contract import Call, WebConnector
from gateway.errors import NotKept, OutcomeUnknown
from gateway.settings import ConfigFile, read_config
from gateway.web import public_app
from tests.intake_bench import Bench

BASE = "http://127.0.0.1:8080"
LIMIT = 65_536

SETTINGS = f"""
[web]
public_base_url = "{BASE}"

[[sms.accounts]]
name = "kannel-basic"
dialect = "kannel"
username = "user"
password = "a-password"

[[sms.accounts]]
name = "kannel-token"
dialect = "kannel"
token = "a-long-token"

[[sms.accounts]]
name = "jasmin"
dialect = "jasmin"
username = "user"
password = "a-password"

[[sms.accounts]]
name = "twilio"
dialect = "twilio"
auth_token = "an-auth-token"

[[sms.accounts]]
name = "generic-basic"
dialect = "generic"
verify = {{ kind = "basic", username = "user", password = "a-password" }}

[[sms.accounts]]
name = "generic-bearer"
dialect = "generic"
verify = {{ kind = "bearer", token = "a-long-token" }}

[[sms.accounts]]
name = "generic-query"
dialect = "generic"
verify = {{ kind = "query_token", token = "a-long-token" }}

[[sms.accounts]]
name = "generic-hmac"
dialect = "generic"
verify = {{ kind = "hmac", secret = "a-long-secret", prefix = "sha256=" }}

[[sms.accounts]]
name = "generic-hmac-time"
dialect = "generic"
[sms.accounts.verify]
kind = "hmac"
secret = "a-long-secret"
timestamp_header = "X-Time"
encoding = "base64"
"""

SENDER, TEXT = "081200009001", "NGAWI Jalan rusak di Desa Babadan Kec. Paron"


def config(directory: Path) -> ConfigFile:
    path = directory / "gateway.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    return read_config(path)


def specimens() -> dict[str, Call]:
    """A good request for every account of every web channel."""
    with tempfile.TemporaryDirectory() as directory:
        accounts = config(Path(directory)).load(SmsSettings).accounts
    return {f"sms/{account.name}": call_for(account, BASE, SENDER, TEXT) for account in accounts}


SPECIMENS = specimens()
#: The others prove themselves with a shared secret, which says nothing of the content.
SIGNED = [n for n, call in SPECIMENS.items() if any("signature" in h.lower() for h in call.headers)]
#: An address has the server's own limit, of 8 KiB.
POSTED = [name for name, call in SPECIMENS.items() if call.method == "POST"]

Client = TestClient[web.Request, web.Application]
Send = Callable[[Call], Awaitable[int]]


@pytest.fixture(params=sorted(SPECIMENS))
def call(request: pytest.FixtureRequest) -> Call:
    return SPECIMENS[request.param]


@pytest.fixture
async def send(bench: Bench, tmp_path: Path) -> AsyncIterator[Send]:
    connectors = [c for c in build_all(config(tmp_path)) if isinstance(c, WebConnector)]
    app = public_app(bench.intake, connectors, max_body_bytes=LIMIT)
    async with TestClient(TestServer(app)) as client:

        async def post(call: Call) -> int:
            async with client.request(
                call.method,
                call.url.removeprefix(BASE),
                data=call.body or None,
                headers=call.headers,
            ) as response:
                await response.read()
                return response.status

        yield post


def test_every_web_channel_has_a_specimen(tmp_path: Path) -> None:
    built = build_all(config(tmp_path))
    routes = [route for c in built if isinstance(c, WebConnector) for route in c.routes()]
    called = {call.url.removeprefix(BASE).partition("?")[0] for call in SPECIMENS.values()}
    assert {route.path for route in routes} == called
    assert set(REGISTRY) >= {name.partition("/")[0] for name in SPECIMENS}


async def test_a_good_one_is_one_event(send: Send, bench: Bench, call: Call) -> None:
    assert await send(call) == 200
    (event,) = await bench.events()
    assert event.text == "Jalan rusak di Desa Babadan Kec. Paron"
    assert event.sealed is not None
    assert bench.opener.open(event.sealed).phone == "+6281200009001"


async def test_forged_leaves_nothing(send: Send, bench: Bench, call: Call) -> None:
    for header in [*call.headers] or [""]:
        forged = {k: v for k, v in call.headers.items() if k != header or k == "Content-Type"}
        url = call.url.replace("a-long-token", "a-wrong-token")
        if forged == call.headers and url == call.url:
            continue
        assert await send(dataclasses.replace(call, headers=forged, url=url)) in (401, 403)
    assert await bench.events() == []
    assert await bench.rejected() == []


@pytest.mark.parametrize("call", SIGNED, indirect=True)
async def test_signed_content_cannot_be_changed(send: Send, bench: Bench, call: Call) -> None:
    tampered = dataclasses.replace(call, body=call.body.replace(b"rusak", b"bagus"))
    assert tampered.body != call.body
    assert await send(tampered) == 403
    assert await bench.events() == []


async def test_repeats_are_one_id(send: Send, bench: Bench, call: Call) -> None:
    one_by_one = [await send(call) for _ in range(3)]
    at_once = await asyncio.gather(*(send(call) for _ in range(10)))
    assert {*one_by_one, *at_once} == {200}
    assert len({event.complaint_id for event in await bench.events()}) == 1


async def test_log_away_is_not_acknowledged(send: Send, bench: Bench, call: Call) -> None:
    bench.log.before = NotKept("away")
    assert await send(call) == 503
    assert await bench.events() == []
    bench.log.before = None
    assert await send(call) == 200
    assert len(await bench.events()) == 1


async def test_a_lost_confirmation_is_one_complaint(send: Send, bench: Bench, call: Call) -> None:
    bench.log.after = OutcomeUnknown("written, and nobody told us")
    assert await send(call) == 503
    bench.log.after = None
    assert await send(call) == 200
    assert len({event.complaint_id for event in await bench.events()}) == 1


@pytest.mark.parametrize("call", POSTED, indirect=True)
async def test_oversize(send: Send, bench: Bench, call: Call) -> None:
    assert await send(dataclasses.replace(call, body=call.body + b"x" * LIMIT)) == 413
    assert await bench.events() == []


async def test_empty_and_broken_bodies_never_fail(send: Send, bench: Bench, call: Call) -> None:
    for body in (b"", b"\x00\xff\xfe", b"{", b"[[", b"%%%=&&&", b"a" * 1000):
        broken = dataclasses.replace(call, body=body)
        # A signature no longer fits; a shared secret does, and then the bytes are kept.
        assert await send(broken) in (200, 401, 403)
    assert all(event.text for event in await bench.events())
