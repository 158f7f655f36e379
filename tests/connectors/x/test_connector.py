"""The whole way: X's request over real HTTP to an event on the log."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connectors.x.connector import build
from connectors.x.sample import sample_calls
from connectors.x.settings import XSettings
from gateway.errors import Misconfigured, NotKept
from gateway.settings import ConfigFile
from gateway.web import public_app
from normalizer.event import Channel
from tests.connectors.x.accounts import ACCOUNT
from tests.intake_bench import Bench

BASE = "http://127.0.0.1:8080"
CONFIG = ConfigFile(None, {"x": {"accounts": [ACCOUNT]}, "web": {"public_base_url": BASE}})

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    app = public_app(bench.intake, build(CONFIG), max_body_bytes=65_536)
    async with TestClient(TestServer(app)) as made:
        yield made


async def test_a_message_becomes_an_event(client: Client, bench: Bench) -> None:
    (call,) = sample_calls(CONFIG, "081200009001", "Jalan rusak di Desa Babadan").values()
    url = call.url.removeprefix(BASE)
    for _ in range(2):
        answer = await client.request(call.method, url, data=call.body, headers=call.headers)
        assert answer.status == 200
    events = await bench.events()
    assert {event.complaint_id for event in events} == {events[0].complaint_id}
    event = events[0]
    assert (event.channel, event.account) == (Channel.X, "kabupaten")
    assert event.text == "Jalan rusak di Desa Babadan"
    assert event.reporter.reachable_on is Channel.X
    assert "contoh_00009001" not in event.to_bytes().decode()
    assert event.sealed is not None
    assert bench.opener.open(event.sealed).handle == "@contoh_00009001"


async def test_log_away_and_forgery(client: Client, bench: Bench) -> None:
    (call,) = sample_calls(CONFIG, "1", "Jalan rusak").values()
    url = call.url.removeprefix(BASE)
    bench.log.before = NotKept("away")
    answer = await client.post(url, data=call.body, headers=call.headers)
    assert answer.status == 503
    bench.log.before = None
    forged = replace(call, body=call.body.replace(b"rusak", b"bagus"))
    answer = await client.post(url, data=forged.body, headers=forged.headers)
    assert answer.status == 403
    assert "sha256=" not in await answer.text()
    assert await bench.events() == []


async def test_a_batch_is_larger_than_other_webhooks(client: Client, bench: Bench) -> None:
    (call,) = sample_calls(CONFIG, "1", "Jalan rusak. " * 8000).values()
    url = call.url.removeprefix(BASE)
    assert (await client.post(url, data=call.body, headers=call.headers)).status == 200
    assert len(await bench.events()) == 1


async def test_the_challenge_and_its_abuse(client: Client) -> None:
    answer = await client.get("/x/kabupaten", params={"crc_token": "abc"})
    assert "response_token" in await answer.json()
    body = '{"for_user_id":"456","direct_message_events":[]}'
    answer = await client.get("/x/kabupaten", params={"crc_token": body})
    assert answer.status == 400
    assert "response_token" not in await answer.text()


def test_no_account_is_no_connector() -> None:
    assert build(ConfigFile(None)) == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"consumer_secret": ""}, "at least 8"),
        ({"consumer_secret": None}, "consumer_secret"),
        ({"handle": "@KabContoh"}, "handle"),
        ({"user_id": "KabContoh"}, "user_id"),
        ({"keys": {"consumer_key": "a"}}, "access_token is missing"),
        ({"verify": False}, "verify"),
    ],
)
def test_wrong_settings(changed: dict[str, object], says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as raised:
        ConfigFile(None, {"x": {"accounts": [{**ACCOUNT, **changed}]}}).load(XSettings)
    assert "rahasia" not in str(raised.value)


def test_names_differ() -> None:
    with pytest.raises(Misconfigured, match="names must differ"):
        ConfigFile(None, {"x": {"accounts": [ACCOUNT, ACCOUNT]}}).load(XSettings)


def test_secrets_are_not_shown() -> None:
    (connector,) = build(CONFIG)
    assert "rahasia" not in repr(connector) + repr(connector.routes())
