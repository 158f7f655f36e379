"""Attachments, against a server that speaks the Graph API over real HTTP."""

from collections.abc import AsyncIterator, Callable

import pytest

from connectors.meta.fetch import MetaFetcher, build_fetchers
from gateway.errors import MediaAway, MediaGone, MediaRefused
from normalizer.event import Channel
from tests.connectors.meta.conftest import config_for
from tests.servers import free_ports
from tests.servers.graph_api import LINK_SECONDS, GraphApi

PHOTO = b"\xff\xd8 foto"
LIMIT = 1000

Fetching = Callable[..., MetaFetcher]


@pytest.fixture
async def fetching(graph: GraphApi) -> AsyncIterator[Fetching]:
    made: list[MetaFetcher] = []
    graph.media["65463453"] = PHOTO
    graph.files["foto.png"] = PHOTO

    def make(channel: Channel = Channel.WHATSAPP, **changed: object) -> MetaFetcher:
        usual: dict[str, object] = {"media_base_urls": [graph.url]}
        found = build_fetchers(config_for(graph, **{**usual, **changed}))  # type: ignore[arg-type]
        made.append(next(one for one in found if one.channel is channel))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_whatsapp_is_looked_up_and_fetched(graph: GraphApi, fetching: Fetching) -> None:
    found = await fetching().fetch("65463453", LIMIT)
    assert (found.content, found.media_type) == (PHOTO, "image/jpeg")
    assert graph.leaks == []


async def test_every_fetch_asks_for_a_fresh_address(graph: GraphApi, fetching: Fetching) -> None:
    fetcher = fetching()
    await fetcher.fetch("65463453", LIMIT)
    graph.clock += LINK_SECONDS
    assert (await fetcher.fetch("65463453", LIMIT)).content == PHOTO


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_later_it_works(graph: GraphApi, fetching: Fetching, status: int) -> None:
    fetcher = fetching()
    graph.retry_after = "30"
    for faults in (graph.look_ups, graph.downloads):
        faults.append(status)
        with pytest.raises(MediaAway) as told:
            await fetcher.fetch("65463453", LIMIT)
        assert told.value.retry_after_seconds == 30
    assert (await fetcher.fetch("65463453", LIMIT)).content == PHOTO


async def test_what_is_gone_stays_gone(graph: GraphApi, fetching: Fetching) -> None:
    fetcher = fetching()
    with pytest.raises(MediaGone):
        await fetcher.fetch("7654321", LIMIT)
    for status in (404, 410):
        graph.downloads = [status]
        with pytest.raises(MediaGone):
            await fetcher.fetch("65463453", LIMIT)


async def test_a_refused_token_is_no_loss(graph: GraphApi, fetching: Fetching) -> None:
    with pytest.raises(MediaAway):
        await fetching(token="token-yang-salah").fetch("65463453", LIMIT)
    graph.downloads = [401, 403]
    fetcher = fetching()
    for _ in range(2):
        with pytest.raises(MediaAway):
            await fetcher.fetch("65463453", LIMIT)


async def test_too_large_is_not_downloaded(graph: GraphApi, fetching: Fetching) -> None:
    graph.downloads = [500]
    with pytest.raises(MediaRefused) as told:
        await fetching().fetch("65463453", len(PHOTO) - 1)
    assert told.value.reason == "too_large"
    assert graph.downloads == [500]


async def test_the_token_goes_to_nobody_else(graph: GraphApi, fetching: Fetching) -> None:
    (port,) = free_ports(1)
    for elsewhere in (f"http://127.0.0.1:{port}/x", "https://contoh.example/x", "ftp://a/b"):
        graph.elsewhere = elsewhere
        with pytest.raises(MediaRefused) as told:
            await fetching().fetch("65463453", LIMIT)
        assert told.value.reason == "address"


@pytest.mark.parametrize("channel", [Channel.FACEBOOK, Channel.INSTAGRAM])
async def test_messenger_and_instagram_need_no_token(
    graph: GraphApi, fetching: Fetching, channel: Channel
) -> None:
    found = await fetching(channel).fetch(f"{graph.url}/cdn/foto.png?oe=1", LIMIT)
    assert (found.content, found.media_type) == (PHOTO, "image/png")
    assert graph.leaks == []


@pytest.mark.parametrize(
    ("status", "fault"),
    [(403, MediaGone), (404, MediaGone), (410, MediaGone), (429, MediaAway), (500, MediaAway)],
)
async def test_what_a_file_host_says(
    graph: GraphApi, fetching: Fetching, status: int, fault: type[Exception]
) -> None:
    graph.downloads = [status]
    with pytest.raises(fault):
        await fetching(Channel.FACEBOOK).fetch(f"{graph.url}/cdn/foto.png", LIMIT)


async def test_a_large_file_is_refused(graph: GraphApi, fetching: Fetching) -> None:
    graph.files["besar"] = b"x" * (LIMIT + 1)
    with pytest.raises(MediaRefused) as told:
        await fetching(Channel.FACEBOOK).fetch(f"{graph.url}/cdn/besar", LIMIT)
    assert told.value.reason == "too_large"


@pytest.mark.parametrize(
    "media_id",
    [
        "http://169.254.169.254/latest",
        "https://contoh.example/foto.jpg",
        "https://fbcdn.net.contoh.example/foto.jpg",
        "http://scontent.xx.fbcdn.net/tanpa-tls.jpg",
        "https://user@scontent.xx.fbcdn.net/x",
        "https://[",
        "../me",
        "1/2",
        "1?fields=token",
        "",
        ":1",
        "lain:1",
        "object:../me",
        "object:",
        "mentioned_comment:1){access_token}",
    ],
)
@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.FACEBOOK])
async def test_other_addresses_are_not_called(
    graph: GraphApi, fetching: Fetching, channel: Channel, media_id: str
) -> None:
    with pytest.raises(MediaRefused) as told:
        await fetching(channel).fetch(media_id, LIMIT)
    assert told.value.reason == "address"


async def test_the_words_of_mentions(graph: GraphApi, fetching: Fetching) -> None:
    graph.objects["1_2"] = {"id": "1_2", "message": "Jalan rusak", "permalink_url": "https://x/1"}
    graph.mentioned["17869"] = {"text": "Halo @pemkab", "media": {"permalink": "https://x/2"}}
    graph.mentioned["17904"] = {"caption": "Banjir", "permalink": "https://x/3"}
    for channel, media_id, words in (
        (Channel.FACEBOOK, "object:1_2", b"Jalan rusak\n\nhttps://x/1"),
        (Channel.INSTAGRAM, "mentioned_comment:17869", b"Halo @pemkab\n\nhttps://x/2"),
        (Channel.INSTAGRAM, "mentioned_media:17904", b"Banjir\n\nhttps://x/3"),
    ):
        found = await fetching(channel).fetch(media_id, LIMIT)
        assert found.content == words
        assert found.media_type.startswith("text/plain")
        with pytest.raises(MediaRefused):
            await fetching(channel).fetch(media_id, 5)


async def test_deleted_mentions_are_gone(graph: GraphApi, fetching: Fetching) -> None:
    graph.objects["1_3"] = {"id": "1_3"}
    for channel, media_id in (
        (Channel.FACEBOOK, "object:1_3"),
        (Channel.FACEBOOK, "object:404"),
        (Channel.INSTAGRAM, "mentioned_comment:404"),
    ):
        with pytest.raises(MediaGone):
            await fetching(channel).fetch(media_id, LIMIT)


async def test_nobody_there_is_tried_again(fetching: Fetching) -> None:
    (port,) = free_ports(1)
    with pytest.raises(MediaAway):
        await fetching(graph_base_url=f"http://127.0.0.1:{port}").fetch("65463453", LIMIT)


async def test_the_proof_goes_with_look_ups(graph: GraphApi, fetching: Fetching) -> None:
    await fetching(app_secret_proof=True).fetch("65463453", LIMIT)
    assert len(graph.proofs) == 1
    assert graph.leaks == []
