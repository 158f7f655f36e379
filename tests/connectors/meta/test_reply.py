"""Answers, against a server that speaks the Graph API over real HTTP."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.meta.reply import MetaReplier, build_repliers
from gateway.contract import Replier, Reply
from gateway.errors import GatewayFault, ReplyAway, ReplyRefused, ReplyUnknown
from normalizer.event import Channel, ReplyPath
from tests.connectors.meta.conftest import config_for
from tests.connectors.meta.reading import SECRET
from tests.servers import free_ports
from tests.servers.graph_api import TOKEN, Cut, GraphApi

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REPLY = Reply(key="k", text="Nomor Anda NGW-26-7K3M9QXA.", subject="Diterima")
NUMBER = "6281200009001"

Answering = Callable[..., MetaReplier]


@pytest.fixture
async def answering(graph: GraphApi) -> AsyncIterator[Answering]:
    made: list[MetaReplier] = []

    def make(channel: Channel = Channel.WHATSAPP, **changed: str) -> MetaReplier:
        found = build_repliers(config_for(graph, **changed))
        replier = next(one for one in found if one.channel is channel)
        made.append(replace(replier, now=lambda: NOW))
        return made[-1]

    yield make
    for one in made:
        await one.close()


def path(address: str = NUMBER, thread: str | None = "wamid.1", hours: float = 1) -> ReplyPath:
    return ReplyPath(address=address, thread=thread, expires_at=NOW + timedelta(hours=hours))


async def test_whatsapp_quotes_the_message(graph: GraphApi, answering: Answering) -> None:
    assert await answering().reply(path(), REPLY) == "wamid.1"
    assert graph.sent == [
        (
            "2001",
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": NUMBER,
                "context": {"message_id": "wamid.1"},
                "type": "text",
                "text": {"preview_url": False, "body": REPLY.text},
            },
        )
    ]
    assert graph.leaks == []


async def test_whatsapp_without_number_or_message(graph: GraphApi, answering: Answering) -> None:
    await answering().reply(path("ID.13491208655302741918", None), REPLY)
    ((_, told),) = graph.sent
    assert told["recipient"] == "ID.13491208655302741918"
    assert "to" not in told
    assert "context" not in told


async def test_messenger(graph: GraphApi, answering: Answering) -> None:
    assert await answering(Channel.FACEBOOK).reply(path("9001", "m_1"), REPLY) == "m_1"
    told = {
        "recipient": {"id": "9001"},
        "message": {"text": REPLY.text},
        "messaging_type": "RESPONSE",
    }
    assert graph.sent == [("1001", told)]


async def test_instagram(graph: GraphApi, answering: Answering) -> None:
    await answering(Channel.INSTAGRAM).reply(path("8001", "aW_1"), REPLY)
    told = {"recipient": {"id": "8001"}, "message": {"text": REPLY.text}}
    assert graph.sent == [("1003", told)]


async def test_instagram_through_its_page(graph: GraphApi) -> None:
    account = {"id": "1003", "name": "instagram", "access_token": TOKEN, "page_id": "1001"}
    config = config_for(graph, instagram=[account])
    replier = next(one for one in build_repliers(config) if one.channel is Channel.INSTAGRAM)
    await replier.reply(ReplyPath(address="8001"), REPLY)
    await replier.close()
    assert [sender for sender, _ in graph.sent] == ["1001"]


@pytest.mark.parametrize(
    ("channel", "address", "recipient"),
    [
        (Channel.FACEBOOK, "comment:500_1", {"comment_id": "500_1"}),
        (Channel.FACEBOOK, "post:1001_501", {"post_id": "1001_501"}),
        (Channel.INSTAGRAM, "comment:17865", {"comment_id": "17865"}),
    ],
)
async def test_a_public_word_is_answered_in_private_and_once(
    graph: GraphApi,
    answering: Answering,
    channel: Channel,
    address: str,
    recipient: dict[str, str],
) -> None:
    replier = answering(channel)
    await replier.reply(path(address), REPLY)
    ((_, told),) = graph.sent
    assert told == {"recipient": recipient, "message": {"text": REPLY.text}}
    with pytest.raises(ReplyRefused) as fault:
        await replier.reply(path(address), REPLY)
    assert fault.value.reason == "already_answered"
    assert len(graph.sent) == 1


@pytest.mark.parametrize("hours", [0, -1])
async def test_a_closed_window_is_not_even_tried(
    graph: GraphApi, answering: Answering, hours: float
) -> None:
    with pytest.raises(ReplyRefused) as told:
        await answering().reply(path(hours=hours), REPLY)
    assert told.value.reason == "expired"
    assert graph.sent == []


async def test_without_a_time_meta_decides(graph: GraphApi, answering: Answering) -> None:
    graph.faults = [(400, 131047, 0)]
    with pytest.raises(ReplyRefused) as told:
        await answering().reply(ReplyPath(address=NUMBER), REPLY)
    assert told.value.reason == "expired"


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ((400, 131047, 0), ReplyRefused, "expired"),
        ((400, 10, 2018278), ReplyRefused, "expired"),
        ((400, 10, 2534022), ReplyRefused, "expired"),
        ((400, 131026, 0), ReplyRefused, "bad_address"),
        ((400, 100, 2018001), ReplyRefused, "bad_address"),
        ((400, 551, 1545041), ReplyRefused, "blocked"),
        ((400, 10, 2018108), ReplyRefused, "blocked"),
        ((400, 100, 0), ReplyRefused, "refused"),
        ((400, 131009, 0), ReplyRefused, "refused"),
        ((401, 190, 0), ReplyAway, "credentials"),
        ((400, 190, 463), ReplyAway, "credentials"),
        ((403, 10, 0), ReplyAway, "credentials"),
        ((403, 200, 0), ReplyAway, "credentials"),
        ((403, 299, 0), ReplyAway, "credentials"),
        ((403, 131031, 0), ReplyAway, "credentials"),
        ((429, 4, 0), ReplyAway, "rate_limited"),
        ((400, 80007, 0), ReplyAway, "rate_limited"),
        ((400, 613, 0), ReplyAway, "rate_limited"),
        ((400, 130429, 0), ReplyAway, "rate_limited"),
        ((400, 131056, 0), ReplyAway, "rate_limited"),
        ((429, 99999, 0), ReplyAway, "rate_limited"),
        ((503, 131016, 0), ReplyAway, "platform_away"),
        ((500, 1200, 0), ReplyAway, "platform_away"),
        ((500, 1, 1357046), ReplyUnknown, None),
        ((500, 2, 0), ReplyUnknown, None),
        ((400, 2, 0), ReplyUnknown, None),
        ((502, 99999, 0), ReplyUnknown, None),
    ],
)
async def test_what_meta_says(
    graph: GraphApi,
    answering: Answering,
    fault: tuple[int, int, int],
    kind: type[GatewayFault],
    reason: str | None,
) -> None:
    graph.faults = [fault]
    with pytest.raises(kind) as told:
        await answering().reply(path(), REPLY)
    assert getattr(told.value, "reason", None) == reason
    for private in (NUMBER, REPLY.text, TOKEN, "told by the platform"):
        assert private not in str(told.value)
    assert graph.sent == []


async def test_meta_says_how_long_to_wait(graph: GraphApi, answering: Answering) -> None:
    graph.faults, graph.retry_after = [(429, 80007, 0)], "120"
    with pytest.raises(ReplyAway) as told:
        await answering().reply(path(), REPLY)
    assert told.value.retry_after_seconds == 120


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_connection_is_never_taken_for_not_sent(
    graph: GraphApi, answering: Answering, after: bool
) -> None:
    graph.faults = [Cut(after)]
    with pytest.raises(ReplyUnknown):
        await answering().reply(path(), REPLY)
    assert len(graph.sent) == after


async def test_nobody_there_is_certainly_not_sent(answering: Answering) -> None:
    (port,) = free_ports(1)
    replier = answering(graph_base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(ReplyAway) as told:
        await replier.reply(path(), REPLY)
    assert told.value.reason == "no_connection"


async def test_a_wrong_token_is_ours_to_mend(graph: GraphApi, answering: Answering) -> None:
    with pytest.raises(ReplyAway) as told:
        await answering(token="token-yang-salah").reply(path(), REPLY)
    assert told.value.reason == "credentials"


async def test_the_proof_stands_in_the_body(graph: GraphApi) -> None:
    config = config_for(graph, app_secret_proof=True)
    for replier in build_repliers(config):
        await replier.reply(ReplyPath(address="9001"), REPLY)
        await replier.close()
    assert len(graph.proofs) == 3
    assert len(set(graph.proofs)) == 1
    assert graph.proofs[0] not in (SECRET, TOKEN)
    assert graph.leaks == []


def test_who_answers() -> None:
    graph = GraphApi(url="http://127.0.0.1:1")
    page = {"id": "1001", "name": "halaman", "access_token": TOKEN, "reply": False}
    silent = {"id": "2001", "name": "wa"}
    found: list[Replier] = [*build_repliers(config_for(graph, pages=[page], whatsapp=[silent]))]
    assert [(one.channel, one.account) for one in found] == [(Channel.INSTAGRAM, "instagram")]
    assert TOKEN not in repr(found)
