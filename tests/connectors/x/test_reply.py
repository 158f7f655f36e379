"""Answers, over real HTTP to a server that checks who signs."""

import time
from collections.abc import AsyncIterator

import pytest

from connectors.x.reply import XReplier, build_repliers
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from normalizer.event import Channel, ReplyPath
from tests.connectors.x.conftest import Configure
from tests.connectors.x.server import XServer

REPLY = Reply(key="k1", text="Aduan Anda kami terima.", subject="Aduan")
PRIVATE = ReplyPath(address="2222222222222222221", thread="500")
PUBLIC = ReplyPath(address="@sri_contoh", thread="600", public=True)
PROBLEM = "https://api.twitter.com/2/problems/"


@pytest.fixture
async def replier(configure: Configure) -> AsyncIterator[XReplier]:
    (one,) = build_repliers(configure())
    yield one
    await one.close()


async def test_a_message_is_answered_in_private(replier: XReplier, x_server: XServer) -> None:
    assert (replier.channel, replier.account) == (Channel.X, "kabupaten")
    assert await replier.reply(PRIVATE, REPLY) == "900"
    assert await replier.reply(PRIVATE, REPLY) == "900"
    path = "/2/dm_conversations/with/2222222222222222221/messages"
    assert x_server.sent == [(path, {"text": "Aduan Anda kami terima."})] * 2


async def test_a_mention_is_answered_below_it(replier: XReplier, x_server: XServer) -> None:
    assert await replier.reply(PUBLIC, REPLY) == "901"
    unnamed = ReplyPath(address="2222222222222222221", thread="600", public=True)
    assert await replier.reply(unnamed, REPLY) == "901"
    below = {"in_reply_to_tweet_id": "600"}
    assert x_server.sent == [
        ("/2/tweets", {"text": "@sri_contoh Aduan Anda kami terima.", "reply": below}),
        ("/2/tweets", {"text": "Aduan Anda kami terima.", "reply": below}),
    ]


async def test_public_answers_can_be_switched_off(configure: Configure, x_server: XServer) -> None:
    (replier,) = build_repliers(configure(answer_mentions=False))
    with pytest.raises(ReplyRefused, match="public_off"):
        await replier.reply(PUBLIC, REPLY)
    assert x_server.sent == []
    await replier.close()


@pytest.mark.parametrize(
    ("status", "body", "fault", "reason"),
    [
        (400, {}, ReplyRefused, "refused"),
        (401, {}, ReplyAway, "credentials"),
        (403, {"type": PROBLEM + "oauth1-permissions"}, ReplyAway, "credentials"),
        (403, {"type": PROBLEM + "client-forbidden"}, ReplyAway, "credentials"),
        (403, {"detail": "You cannot send messages to this user."}, ReplyRefused, "blocked"),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."},
         ReplyRefused, "duplicate"),
        (403, [], ReplyRefused, "blocked"),
        (404, {}, ReplyRefused, "unknown_recipient"),
        (503, {}, ReplyAway, "platform_away"),
        (429, {}, ReplyAway, "rate_limited"),
    ],
)  # fmt: skip
async def test_refusals(
    replier: XReplier,
    x_server: XServer,
    status: int,
    body: object,
    fault: type[ReplyAway | ReplyRefused],
    reason: str,
) -> None:
    x_server.fails = (status, body, {})
    with pytest.raises(fault) as raised:
        await replier.reply(PRIVATE, REPLY)
    assert isinstance(raised.value, ReplyAway | ReplyRefused)
    assert raised.value.reason == reason


async def test_the_end_of_the_limit_is_told(replier: XReplier, x_server: XServer) -> None:
    x_server.fails = (429, {}, {"x-rate-limit-reset": str(int(time.time()) + 600)})
    with pytest.raises(ReplyAway) as raised:
        await replier.reply(PRIVATE, REPLY)
    assert raised.value.retry_after_seconds is not None
    assert 500 < raised.value.retry_after_seconds <= 600


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_failure_in_the_middle_is_not_repeated(
    replier: XReplier, x_server: XServer, status: int
) -> None:
    x_server.fails = (status, {}, {})
    with pytest.raises(ReplyUnknown):
        await replier.reply(PRIVATE, REPLY)


async def test_no_connection_is_certainly_not_sent(configure: Configure) -> None:
    config = configure()
    table = config.tables["x"]
    assert isinstance(table, dict)
    table["api_base_url"] = "http://127.0.0.1:1"
    (replier,) = build_repliers(config)
    with pytest.raises(ReplyAway, match="no_connection"):
        await replier.reply(PRIVATE, REPLY)
    await replier.close()


async def test_wrong_keys_are_seen(configure: Configure, x_server: XServer) -> None:
    (replier,) = build_repliers(configure(consumer_secret="rahasia-lain"))
    with pytest.raises(ReplyAway, match="credentials"):
        await replier.reply(PRIVATE, REPLY)
    assert x_server.sent == []
    await replier.close()


def test_without_keys_nobody_answers(configure: Configure) -> None:
    assert build_repliers(configure(keys=None)) == ()
