"""``gateway check``, against a server that speaks the Graph API over real HTTP."""

from typing import Any

import pytest

from connectors.meta.check import check
from gateway.errors import GatewayFault
from gateway.settings import ConfigFile
from tests.connectors.meta.conftest import config_for
from tests.connectors.meta.reading import SECRET
from tests.servers import free_ports
from tests.servers.graph_api import TOKEN, GraphApi

BASE = "https://aduan.example.go.id"
FEED = ["feed", "mention", "message_edits", "message_reactions", "messages", "messaging_postbacks"]
DIRECT = ["comments", "mentions", "message_reactions", "messages", "messaging_postbacks"]
APP_TOKEN = f"555|{SECRET}"


def _subscription(name: str, fields: list[str]) -> dict[str, Any]:
    return {
        "object": name,
        "callback_url": f"{BASE}/meta/uji",
        "active": True,
        "fields": [{"name": field, "version": "v23.0"} for field in fields],
    }


@pytest.fixture
def ready(graph: GraphApi) -> GraphApi:
    """Everything at Meta is as it should be."""
    graph.tokens = {
        APP_TOKEN: {},
        TOKEN: {"is_valid": True, "expires_at": 0},
    }
    graph.objects = {
        "555/subscriptions": {
            "data": [
                _subscription("page", FEED),
                _subscription("instagram", DIRECT),
                _subscription("whatsapp_business_account", ["messages"]),
            ]
        },
        "1001": {"id": "1001", "name": "Pemkab"},
        "1001/subscribed_apps": {"data": [{"id": "555", "subscribed_fields": FEED}]},
        "1003": {"id": "1003", "username": "pemkab"},
        "2001": {"id": "2001", "quality_rating": "GREEN"},
        "3001/subscribed_apps": {"data": [{"whatsapp_business_api_data": {"id": "555"}}]},
    }
    return graph


def _config(graph: GraphApi, **changed: object) -> ConfigFile:
    number = {"id": "2001", "name": "wa", "access_token": TOKEN, "business_account_id": "3001"}
    usual: dict[str, object] = {"app_id": "555", "whatsapp": [number]}
    config = config_for(graph, **{**usual, **changed})  # type: ignore[arg-type]
    return ConfigFile(None, {**config.tables, "web": {"public_base_url": BASE}})


async def test_all_is_well(ready: GraphApi) -> None:
    lines = "\n".join(await check(_config(ready)))
    assert f"receives at {BASE}/meta/uji" in lines
    for name in ("page", "instagram", "whatsapp_business_account"):
        assert f"webhook for {name} calls us" in lines
    assert lines.count("token works") == 3
    assert lines.count("token never expires") == 3
    assert "quality GREEN" in lines
    assert "page is subscribed" in lines
    for private in (TOKEN, SECRET, "Pemkab", "pemkab"):
        assert private not in lines
    assert ready.leaks == []


async def test_without_tokens_nothing_is_asked(ready: GraphApi) -> None:
    page = {"id": "1001", "name": "halaman"}
    config = _config(ready, app_id=None, pages=[page], instagram=[], whatsapp=[])
    assert "receives only" in "\n".join(await check(config))


async def test_a_date_is_told_and_silence_is_no_fault(ready: GraphApi) -> None:
    ready.tokens[TOKEN] = {"is_valid": True, "expires_at": 4_102_444_800}
    assert "token expires on 2100-01-01" in "\n".join(await check(_config(ready)))
    del ready.tokens[TOKEN]
    assert "expires" not in "\n".join(await check(_config(ready)))


def _without(fields: list[str], missing: str) -> list[str]:
    return [field for field in fields if field != missing]


@pytest.mark.parametrize(
    ("path", "told", "words"),
    [
        ("555/subscriptions", {"data": []}, "no webhook for page"),
        (
            "555/subscriptions",
            {"data": [{**_subscription("page", FEED), "callback_url": "https://lain.example"}]},
            "another address",
        ),
        (
            "555/subscriptions",
            {"data": [_subscription("page", _without(FEED, "feed"))]},
            "not subscribed to feed",
        ),
        (
            "555/subscriptions",
            {"data": [{**_subscription("page", FEED), "active": False}]},
            "switched off",
        ),
        (
            "1001/subscribed_apps",
            {"data": [{"subscribed_fields": _without(FEED, "messages")}]},
            "not subscribed to messages",
        ),
        ("1001/subscribed_apps", {"data": "x"}, "not subscribed to feed"),
        ("3001/subscribed_apps", {"data": []}, "WhatsApp Business Account sends nothing"),
        ("1003", None, "compare id with the dashboard"),
    ],
)
async def test_what_is_wrong_is_told(
    ready: GraphApi, path: str, told: dict[str, Any] | None, words: str
) -> None:
    if told is None:
        del ready.objects[path]
    else:
        ready.objects[path] = told
    with pytest.raises(GatewayFault) as fault:
        await check(_config(ready))
    assert words in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1


@pytest.mark.parametrize("told", [{"is_valid": False}, {"is_valid": True, "expires_at": 1}])
async def test_a_token_that_is_over(ready: GraphApi, told: dict[str, Any]) -> None:
    ready.tokens[TOKEN] = told
    with pytest.raises(GatewayFault, match="make a new one"):
        await check(_config(ready))


async def test_a_refused_token_names_its_account(ready: GraphApi) -> None:
    page = {"id": "1001", "name": "halaman", "access_token": "token-yang-salah"}
    with pytest.raises(GatewayFault) as fault:
        await check(_config(ready, pages=[page]))
    assert "meta/uji facebook halaman: Meta refuses the token" in str(fault.value)
    assert "token-yang-salah" not in str(fault.value)


async def test_nobody_there(ready: GraphApi) -> None:
    (port,) = free_ports(1)
    config = _config(ready, graph_base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(GatewayFault, match="cannot be asked"):
        await check(config)
