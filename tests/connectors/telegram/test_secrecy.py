"""The bot's token stands in every address of the Bot API, and nowhere that anybody reads."""

import io
import logging
import os
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from connectors.telegram.check import check
from connectors.telegram.fetch import MOST_BYTES, TelegramFetcher
from connectors.telegram.polling import TelegramPolling
from connectors.telegram.reply import TelegramReplier
from connectors.telegram.webhook_watch import WebhookWatch
from gateway.contract import Reply
from gateway.errors import GatewayFault
from gateway.log_setup import JsonLines
from gateway.settings import ConfigFile
from normalizer.event import ReplyPath
from tests.connectors.telegram.bots import TOKEN, USERNAME, called, message, polled, reader
from tests.connectors.telegram.conftest import Telegram
from tests.servers import free_ports
from tests.servers.bot_api import ApiError, Cut, Fault, Garbage

SECRETS = (TOKEN, TOKEN.partition(":")[2], "Sri Contoh", "5000000001")
_ECHO = f"no page at /bot{TOKEN}/x for Sri Contoh".encode()
FAULTS: list[Fault | None] = [
    None,
    ApiError(400, "Bad Request: chat not found"),
    ApiError(401, "Unauthorized"),
    ApiError(409, "Conflict"),
    ApiError(429, "Too Many Requests", retry_after=3),
    ApiError(500, "Internal Server Error"),
    Garbage(_ECHO),
    Garbage(_ECHO, status=502),
    Garbage(b'{"ok":true,"result":[]}'),
    Cut(),
]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, by anybody and at any level, as our processes write it."""
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    handler.setFormatter(JsonLines("test"))
    # The server of the tests is in this process, too; its own lines are no concern of ours.
    handler.addFilter(lambda record: record.name != "aiohttp.access")
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield sink
    root.removeHandler(handler)
    root.setLevel(before)


async def everything(url: str, data_dir: Path) -> AsyncIterator[GatewayFault]:
    """Each thing that calls the Bot API, once; what it raises."""
    polling = TelegramPolling(reader(polled(url)), data_dir, poll_seconds=0.0)
    watch = WebhookWatch(called(url), "https://aduan.contoh.example/", sleep=_stop)
    replier, fetcher = TelegramReplier(polled(url)), TelegramFetcher(polled(url))
    values = {"name": "uji", "mode": "polling", "bot_token": TOKEN, "username": USERNAME}
    config = ConfigFile(
        Path("gateway.toml"), {"telegram": {"accounts": [{**values, "base_url": url}]}}
    )
    path, answer = ReplyPath(address="5000000001", thread="1"), Reply("k", "Halo", "Halo")
    async with AsyncExitStack() as stack:
        for each in (polling, watch, replier, fetcher):
            stack.push_async_callback(each.close)
        await polling.connect()
        await watch.connect()
        calls: tuple[Callable[[], Awaitable[object]], ...] = (
            polling.receive,
            watch.receive,
            partial(replier.reply, path, answer),
            partial(fetcher.fetch, "foto", MOST_BYTES),
            partial(check, config),
        )
        for work in calls:
            try:
                await work()
            except GatewayFault as fault:
                yield fault


async def _stop(_: float) -> None:
    raise GatewayFault("looked once")


def assert_discreet(fault: GatewayFault, log: str) -> None:
    told = "".join(traceback.format_exception(fault)) + repr(fault.__dict__) + log
    assert not [secret for secret in SECRETS if secret in told]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_no_log_line_and_no_exception_tells_it(
    telegram: Telegram, tmp_path: Path, written: io.StringIO, fault: Fault | None
) -> None:
    telegram.api.happen(message=message(1, text="Saya Sri Contoh"))
    for method in ("getUpdates", "getWebhookInfo", "sendMessage", "getFile", "download", "getMe"):
        if fault is not None:
            telegram.api.faults[method].extend([fault] * 2)
    async for raised in everything(telegram.url, tmp_path):
        assert_discreet(raised, written.getvalue())
    # The proof is worth something only if the libraries do say where they call.
    assert "Set Bot API URL: %s" in written.getvalue()
    assert not [secret for secret in SECRETS if secret in written.getvalue()]


async def test_nobody_there(tmp_path: Path, written: io.StringIO) -> None:
    (port,) = free_ports(1)
    raised = [one async for one in everything(f"http://127.0.0.1:{port}", tmp_path)]
    assert len(raised) == 5
    for one in raised:
        assert_discreet(one, written.getvalue())


async def test_nothing_shows_it_when_printed(telegram: Telegram, tmp_path: Path) -> None:
    bot = called(telegram.url)
    shown = (bot, reader(bot), TelegramPolling(reader(bot), tmp_path), TelegramReplier(bot))
    for one in shown:
        assert TOKEN not in repr(one)


async def _settle_one(url: str, data_dir: Path) -> None:
    polling = TelegramPolling(reader(polled(url)), data_dir, poll_seconds=0.0)
    await polling.connect()
    await (await polling.receive()).settle()
    await polling.close()


async def test_no_file_is_named_after_it(telegram: Telegram, tmp_path: Path) -> None:
    telegram.api.happen(message=message(1))
    await _settle_one(telegram.url, tmp_path)
    names = [name for _, folders, files in os.walk(tmp_path) for name in (*folders, *files)]
    assert len(names) == 4
    assert not [name for name in names if "4000000001" in name]
