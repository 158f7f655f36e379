"""Attachments, over real HTTP; private ones signed, public ones only at X's hosts."""

from collections.abc import AsyncIterator

import pytest

from connectors.x.fetch import XFetcher, build_fetchers
from gateway.errors import MediaAway, MediaGone, MediaRefused
from normalizer.event import Channel
from tests.connectors.x.conftest import Configure
from tests.connectors.x.server import XServer


@pytest.fixture
async def fetcher(configure: Configure) -> AsyncIterator[XFetcher]:
    (one,) = build_fetchers(configure())
    yield one
    await one.close()


async def test_a_private_picture(fetcher: XFetcher, x_server: XServer) -> None:
    x_server.files["foto.jpg"] = b"\xff\xd8foto"
    assert (fetcher.channel, fetcher.account) == (Channel.X, "kabupaten")
    found = await fetcher.fetch(f"{x_server.base_url}/files/foto.jpg?a=1&b=%20x", 1000)
    assert (found.content, found.media_type, found.name) == (
        b"\xff\xd8foto", "image/jpeg", "foto.jpg",
    )  # fmt: skip


async def test_without_keys_private_ones_wait(configure: Configure, x_server: XServer) -> None:
    x_server.files["foto.jpg"] = b"\xff\xd8foto"
    (fetcher,) = build_fetchers(configure(keys=None))
    with pytest.raises(MediaAway):
        await fetcher.fetch(f"{x_server.base_url}/files/foto.jpg", 1000)
    await fetcher.close()


async def test_gone(fetcher: XFetcher, x_server: XServer) -> None:
    with pytest.raises(MediaGone):
        await fetcher.fetch(f"{x_server.base_url}/files/none.jpg", 1000)


async def test_too_large(fetcher: XFetcher, x_server: XServer) -> None:
    x_server.files["foto.jpg"] = b"x" * 1001
    with pytest.raises(MediaRefused) as raised:
        await fetcher.fetch(f"{x_server.base_url}/files/foto.jpg", 1000)
    assert raised.value.reason == "too_large"


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest",
        "https://pbs.twimg.com.example.com/media/a.jpg",
        "http://pbs.twimg.com/media/a.jpg",
        "https://user@pbs.twimg.com/media/a.jpg",
        "https://pbs.twimg.com:8443/media/a.jpg",
        "file:///etc/passwd",
        "foto.jpg",
        "",
    ],
)
async def test_only_xs_own_hosts(fetcher: XFetcher, address: str) -> None:
    with pytest.raises(MediaRefused) as raised:
        await fetcher.fetch(address, 1000)
    assert raised.value.reason == "address"


async def test_no_redirect_leads_elsewhere(fetcher: XFetcher, x_server: XServer) -> None:
    with pytest.raises(MediaRefused) as raised:
        await fetcher.fetch(f"{x_server.base_url}/moved/foto.jpg", 1000)
    assert raised.value.reason == "address"


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_not_now(fetcher: XFetcher, x_server: XServer, status: int) -> None:
    x_server.fails = (status, {}, {"Retry-After": "7"})
    with pytest.raises(MediaAway) as raised:
        await fetcher.fetch(f"{x_server.base_url}/files/foto.jpg", 1000)
    assert raised.value.retry_after_seconds == 7
