"""``gateway check`` for X: every sentence says what to do."""

import pytest

from connectors.x.check import check
from gateway.errors import GatewayFault
from tests.connectors.x.conftest import Configure
from tests.connectors.x.server import XServer

OURS = "https://aduan.example.go.id/x/kabupaten"
BEARER = {"bearer_token": "token-pembawa"}


async def test_all_is_well(configure: Configure, x_server: XServer) -> None:
    x_server.webhooks = [{"id": "1", "url": "https://lain.example", "valid": True}]
    x_server.webhooks += [{"id": "2", "url": OURS, "valid": True}]
    assert await check(configure(**BEARER)) == [
        "x/kabupaten: X knows the keys as those of @kabcontoh",
        f"x/kabupaten: X sends to {OURS}",
    ]


async def test_what_is_not_set_up_is_told(configure: Configure) -> None:
    lines = await check(configure(keys=None))
    assert [("no keys" in lines[0], "no bearer_token" in lines[1])] == [(True, True)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"consumer_secret": "rahasia-lain"}, "refuses consumer_secret and keys"),
        ({"user_id": "9"}, "another account than user_id"),
        ({"handle": "Lain"}, "set handle to it"),
        ({"bearer_token": "token-salah"}, "refuses bearer_token"),
        (BEARER, "POST /2/webhooks"),
    ],
)
async def test_what_is_wrong_is_told(
    configure: Configure, changed: dict[str, object], says: str
) -> None:
    with pytest.raises(GatewayFault, match=says) as raised:
        await check(configure(**changed))
    assert "rahasia" not in str(raised.value)
    assert "token-" not in str(raised.value)


async def test_an_address_that_x_gave_up(configure: Configure, x_server: XServer) -> None:
    x_server.webhooks = [{"id": "2", "url": OURS, "valid": False}]
    with pytest.raises(GatewayFault, match="PUT /2/webhooks"):
        await check(configure(**BEARER))


async def test_x_is_away(configure: Configure, x_server: XServer) -> None:
    x_server.fails = (500, {}, {})
    with pytest.raises(GatewayFault, match="status 500"):
        await check(configure())
    config = configure()
    table = config.tables["x"]
    assert isinstance(table, dict)
    table["api_base_url"] = "http://127.0.0.1:1"
    with pytest.raises(GatewayFault, match="does not answer"):
        await check(config)
