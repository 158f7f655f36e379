"""Answers over real HTTP: what is sent, and what each way of failing means."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from connectors.telegram.reply import TelegramReplier, build_repliers
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.event import ReplyPath
from tests.connectors.telegram.bots import GROUP, SRI, TOKEN, USERNAME, polled
from tests.connectors.telegram.conftest import Telegram
from tests.servers import free_ports
from tests.servers.bot_api import ApiError, Cut, Fault, Garbage

ANSWER = Reply("kunci", "Aduan NGW-26-7K3M9QXA kami terima.", "Aduan diterima")
PATH = ReplyPath(address=str(SRI), thread="12")


@pytest.fixture
async def replier(telegram: Telegram) -> AsyncIterator[TelegramReplier]:
    made = TelegramReplier(polled(telegram.url))
    yield made
    await made.close()


async def test_the_answer_stands_below_the_message(
    telegram: Telegram, replier: TelegramReplier
) -> None:
    assert await replier.reply(PATH, ANSWER) == "9001"
    (sent,) = telegram.api.sent
    assert sent == {
        "chat_id": str(SRI),
        "text": ANSWER.text,
        "reply_parameters": {"message_id": 12, "allow_sending_without_reply": True},
        "link_preview_options": {"is_disabled": True},
    }


@pytest.mark.parametrize("thread", [None, "?"])
async def test_without_a_message_it_stands_alone(
    telegram: Telegram, replier: TelegramReplier, thread: str | None
) -> None:
    await replier.reply(ReplyPath(address=str(SRI), thread=thread), ANSWER)
    assert "reply_parameters" not in telegram.api.sent[0]


async def test_a_group_that_moved_is_answered_where_it_is_now(
    telegram: Telegram, replier: TelegramReplier
) -> None:
    moved = ApiError(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=GROUP)
    telegram.api.faults["sendMessage"].append(moved)
    assert await replier.reply(ReplyPath(address="-599", thread="12", public=True), ANSWER)
    (sent,) = telegram.api.sent
    assert sent["chat_id"] == str(GROUP)
    assert "reply_parameters" not in sent


def refused(reason: str) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, ReplyRefused) and error.reason == reason


def away(reason: str, seconds: float | None = None) -> Callable[[BaseException], bool]:
    return lambda error: (
        isinstance(error, ReplyAway)
        and (error.reason, error.retry_after_seconds) == (reason, seconds)
    )


def unknown(error: BaseException) -> bool:
    return isinstance(error, ReplyUnknown)


MOVED = {"migrate_to_chat_id": GROUP}
FAULTS: dict[str, tuple[list[Fault], Callable[[BaseException], bool]]] = {
    "blocked": ([ApiError(403, "Forbidden: bot was blocked by the user")], refused("blocked")),
    "kicked": (
        [ApiError(403, "Forbidden: bot was kicked from the supergroup chat")],
        refused("blocked"),
    ),
    "no chat": ([ApiError(400, "Bad Request: chat not found")], refused("bad_address")),
    "no peer": ([ApiError(400, "Bad Request: PEER_ID_INVALID")], refused("bad_address")),
    "other": ([ApiError(400, "Bad Request: TOPIC_CLOSED")], refused("refused")),
    "moved twice": (
        [ApiError(400, "x", **MOVED), ApiError(400, "x", **MOVED)],
        refused("bad_address"),
    ),
    "flood": (
        [ApiError(429, "Too Many Requests: retry after 35", retry_after=35)],
        away("rate_limited", 35.0),
    ),
    "token": ([ApiError(401, "Unauthorized")], away("credentials")),
    "server": ([ApiError(500, "Internal Server Error")], unknown),
    "proxy": ([Garbage(status=502)], unknown),
    "no JSON": ([Garbage()], unknown),
    "no message": ([Garbage(b'{"ok":true,"result":{}}')], unknown),
    "no result": ([Garbage(b'{"ok":true}')], unknown),
    "cut": ([Cut()], unknown),
    "cut after": ([Cut(after=True)], unknown),
}


@pytest.mark.parametrize(("faults", "means"), FAULTS.values(), ids=FAULTS.keys())
async def test_what_a_failure_means(
    telegram: Telegram,
    replier: TelegramReplier,
    faults: list[Fault],
    means: Callable[[BaseException], bool],
) -> None:
    telegram.api.faults["sendMessage"].extend(faults)
    with pytest.raises((ReplyRefused, ReplyAway, ReplyUnknown)) as failed:
        await replier.reply(PATH, ANSWER)
    assert means(failed.value)
    assert (failed.value.__cause__, failed.value.__suppress_context__) == (None, True)
    assert await replier.reply(PATH, ANSWER) is not None


async def test_nobody_there_is_certainly_not_sent() -> None:
    (port,) = free_ports(1)
    replier = TelegramReplier(polled(f"http://127.0.0.1:{port}"))
    with pytest.raises(ReplyAway) as failed:
        await replier.reply(PATH, ANSWER)
    await replier.close()
    assert failed.value.reason == "unreachable"


async def test_a_replier_for_each_bot_and_none_that_was_never_used_holds_anything() -> None:
    values = {"name": "uji", "mode": "polling", "bot_token": TOKEN, "username": USERNAME}
    config = ConfigFile(Path("gateway.toml"), {"telegram": {"accounts": [values]}})
    (replier,) = build_repliers(config)
    assert (replier.channel.value, replier.account) == ("telegram", "uji")
    await replier.close()
