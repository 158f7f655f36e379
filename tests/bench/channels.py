"""One figure for each channel: items a second through its connector, into the embedded log."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from connectors.mail.sample import invented
from connectors.registry import sample_calls
from gateway.contract import Call
from gateway.settings import read_config
from tests.bench.intake import running_rig
from tests.bench.load import TEXT
from tests.e2e.stack import ask
from tests.servers.bot_api import BotApi
from tests.servers.dovecot import PASSWORD, USER, running_dovecot
from tests.waiting import wait_for

#: As in the comparison with the floor.
_CALLERS = 64
_TOKEN = "a-long-token-of-the-bench"
_LONGEST_SECONDS = 300.0

_CALLED = f"""
[[sms.accounts]]
name = "kannel"
dialect = "kannel"
token = "{_TOKEN}"

[[telegram.accounts]]
name = "bot"
mode = "webhook"
bot_token = "123456:AAE-invented-bot-token-0123456789abc"
username = "pintu_aduan_bot"
secret_token = "{_TOKEN}"

[[meta.apps]]
name = "app"
app_secret = "{_TOKEN}"
verify_token = "{_TOKEN}"

[[x.accounts]]
name = "akun"
consumer_secret = "{_TOKEN}"
user_id = "4560000000000000001"
handle = "aduan_contoh"

[[call_center.accounts]]
name = "pbx"
dialect = "generic"
verify = {{ secret = "{_TOKEN}" }}
"""

_MAILBOX = """
[[mail.accounts]]
name = "aduan"
host = "127.0.0.1"
port = {port}
security = "plain"
username = "{user}"
password = "{password}"
"""
_BOT_TOKEN = "123456:AAE-invented-bot-token-0123456789abc"
_BOT = f"""
[[telegram.accounts]]
name = "bot"
mode = "polling"
bot_token = "{_BOT_TOKEN}"
username = "pintu_aduan_bot"
base_url = "{{url}}"
"""

#: What the table says, the channel, and the account.
_WEB = (
    ("SMS (Kannel)", "sms", "kannel"),
    ("Telegram, webhook", "telegram", "bot"),
    ("WhatsApp (Meta)", "meta", "app"),
    ("X, direct message", "x", "akun"),
    ("call center, one event", "call_center", "pbx"),
)


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """What one channel's connector got through."""

    what: str
    items: int
    per_second: float


def called_channels(where: Path, items: int) -> Iterator[ChannelResult]:
    """Every channel that providers call: ``items`` different requests each, as fast as it goes."""
    with running_rig("intake", 1, where, "", _CALLED) as rig:
        config = read_config(rig.config_path)
        for what, channel, account in _WEB:
            calls = [
                call
                for number in range(items)
                for path, call in sample_calls(
                    channel, config, f"0812000{9000 + number % 500:05d}", TEXT
                ).items()
                if path.endswith(f"/{account}")
            ]
            yield ChannelResult(what, len(calls), asyncio.run(_fire(calls)))


async def _fire(calls: Sequence[Call]) -> float:
    waiting = iter(calls)
    connector = aiohttp.TCPConnector(limit=_CALLERS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def caller() -> None:
            for call in waiting:
                async with session.request(
                    call.method, call.url, data=call.body or None, headers=call.headers
                ) as response:
                    await response.read()
                    assert response.status == 200, response.status

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(_CALLERS)))
        return len(calls) / (time.perf_counter() - started)


def _asked(what: str, channel: str, where: Path, accounts: str, items: int) -> ChannelResult:
    """A channel that we ask, whose server has ``items`` ready when the intake starts."""
    started = time.perf_counter()
    with running_rig("intake", 1, where, "", accounts) as rig:
        wait_for(_reached(rig.metrics_url, channel, 1), "the first item")
        first = time.perf_counter()
        wait_for(_reached(rig.metrics_url, channel, items), "all items", _LONGEST_SECONDS)
        ended = time.perf_counter()
    # From the first item on: what a start costs is not the connector's.
    return ChannelResult(what, items, (items - 1) / max(ended - max(first, started), 1e-3))


def _reached(url: str, channel: str, items: int) -> Callable[[], bool]:
    pattern = re.compile(rf'^intake_accepted_total{{[^}}]*channel="{channel}"[^}}]*}} (\S+)', re.M)

    def check() -> bool:
        found = pattern.findall(ask(url).body)
        return sum(map(float, found)) >= items

    return check


def asked_channels(where: Path, items: int) -> Iterator[ChannelResult]:
    """Every channel that we ask, whose servers have the items ready."""
    where.mkdir()
    with running_dovecot() as dovecot:
        for number in range(items):
            dovecot.drop_in(str(number), invented(f"{TEXT} {number}"))
        accounts = _MAILBOX.format(port=dovecot.port, user=USER, password=PASSWORD)
        yield _asked("e-mail (IMAP)", "email", where / "mail", accounts, items)
    with _bot(items) as url:
        yield _asked("Telegram, polling", "telegram", where / "bot", _BOT.format(url=url), items)


@contextmanager
def _bot(items: int) -> Iterator[str]:
    """A bot with so many messages waiting, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> TestServer:
        api = BotApi(_BOT_TOKEN)
        for number in range(items):
            person = {"id": 9000 + number % 500, "first_name": "Warga", "is_bot": False}
            api.happen(
                message={
                    "message_id": number + 1,
                    "date": 1772413200,
                    "chat": {"id": person["id"], "type": "private", "first_name": "Warga"},
                    "from": person,
                    "text": f"{TEXT} {number}",
                }
            )
        server = TestServer(api.app())
        await server.start_server()
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
