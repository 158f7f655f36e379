"""Answers and attachments against a local server that speaks the Graph API, over real HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.meta.fetch import build_fetchers
from connectors.meta.reply import build_repliers
from gateway.contract import Fetcher, Replier, Reply
from gateway.errors import MediaAway, MediaGone, MediaRefused, ReplyAway, ReplyRefused
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath
from tests.servers.graph_api import TOKEN, GraphApi, running_graph_api

REPLY = Reply(key="k", text="Nomor Anda NGW-26-7K3M9QXA.", subject="Diterima")


@pytest.fixture
async def graph() -> AsyncIterator[GraphApi]:
    async with running_graph_api() as api:
        yield api


def config(graph: GraphApi, token: str = TOKEN) -> ConfigFile:
    app = {
        "name": "app",
        "app_secret": "rahasia-aplikasi",
        "verify_token": "token-verifikasi",
        "graph_base_url": graph.url,
        "media_base_urls": [graph.url],
        "pages": [{"id": "1001", "name": "halaman", "access_token": token}],
        "whatsapp": [{"id": "2001", "name": "wa", "access_token": token}],
    }
    return ConfigFile(None, {"meta": {"apps": [app]}})


def replier(graph: GraphApi, channel: Channel, token: str = TOKEN) -> Replier:
    return next(one for one in build_repliers(config(graph, token)) if one.channel is channel)


def fetcher(graph: GraphApi) -> Fetcher:
    return next(one for one in build_fetchers(config(graph)) if one.channel is Channel.WHATSAPP)


def path(address: str, hours: int = 1) -> ReplyPath:
    return ReplyPath(
        address=address, thread="wamid.1", expires_at=datetime.now(UTC) + timedelta(hours=hours)
    )


@pytest.mark.parametrize(
    ("channel", "address", "sender"),
    [(Channel.WHATSAPP, "6281200009001", "2001"), (Channel.FACEBOOK, "9001", "1001")],
)
async def test_an_answer_goes_out_once(
    graph: GraphApi, channel: Channel, address: str, sender: str
) -> None:
    answering = replier(graph, channel)
    assert await answering.reply(path(address), REPLY)
    await answering.close()
    ((by, told),) = graph.sent
    assert by in (sender, "me")
    assert address in str(told)
    assert REPLY.text in str(told)
    assert graph.leaks == []


async def test_a_closed_window_is_not_even_tried(graph: GraphApi) -> None:
    answering = replier(graph, Channel.WHATSAPP)
    with pytest.raises(ReplyRefused) as told:
        await answering.reply(path("6281200009001", hours=-1), REPLY)
    await answering.close()
    assert told.value.reason == "expired"
    assert graph.sent == []


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ((400, 131047, 0), ReplyRefused, "expired"),
        ((400, 131026, 0), ReplyRefused, "bad_address"),
        ((429, 130429, 0), ReplyAway, None),
    ],
)
async def test_what_the_platform_says(
    graph: GraphApi, fault: tuple[int, int, int], kind: type[Exception], reason: str | None
) -> None:
    graph.faults = [fault]
    answering = replier(graph, Channel.WHATSAPP)
    with pytest.raises(kind) as told:
        await answering.reply(path("6281200009001"), REPLY)
    await answering.close()
    assert reason is None or getattr(told.value, "reason", None) == reason
    assert "6281200009001" not in str(told.value)


async def test_a_wrong_token_is_ours_to_mend(graph: GraphApi) -> None:
    answering = replier(graph, Channel.WHATSAPP, "token-yang-salah")
    with pytest.raises(ReplyAway):
        await answering.reply(path("6281200009001"), REPLY)
    await answering.close()


async def test_media_come_after_a_second_look(graph: GraphApi) -> None:
    graph.media["65463453"] = b"\xff\xd8 foto"
    graph.look_ups = [503]
    fetching = fetcher(graph)
    with pytest.raises(MediaAway):
        await fetching.fetch("65463453", 1000)
    found = await fetching.fetch("65463453", 1000)
    await fetching.close()
    assert found.content == b"\xff\xd8 foto"
    assert graph.leaks == []


async def test_media_that_are_gone_or_too_large(graph: GraphApi) -> None:
    graph.media["1234567"] = b"x" * 2000
    fetching = fetcher(graph)
    with pytest.raises(MediaGone):
        await fetching.fetch("7654321", 1000)
    with pytest.raises(MediaRefused):
        await fetching.fetch("1234567", 1000)
    await fetching.close()


async def test_an_address_that_is_not_metas_is_not_called(graph: GraphApi) -> None:
    fetching = fetcher(graph)
    for address in ("http://127.0.0.1:1/x", "https://contoh.example/x", "http://169.254.169.254/"):
        with pytest.raises(MediaRefused):
            await fetching.fetch(address, 1000)
    await fetching.close()
