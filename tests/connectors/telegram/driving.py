"""A polled bot at work: the real driver, the Bot API server, a real log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from connectors.telegram.polling import TelegramPolling
from gateway.polling import PollingDriver
from tests.connectors.telegram.bots import Json, polled, reader
from tests.connectors.telegram.conftest import Telegram
from tests.intake_bench import Bench
from tests.servers.bot_api import BotApi
from tests.waiting import eventually

NOW = 1_772_414_200.0


def make(telegram: Telegram, data_dir: Path, now: float = NOW) -> TelegramPolling:
    """What polls the bot; short polls, so that a test sees several."""
    return TelegramPolling(
        reader(polled(telegram.url)), data_dir, poll_seconds=1.0, now=lambda: now
    )


@asynccontextmanager
async def driving(connector: TelegramPolling, bench: Bench) -> AsyncIterator[None]:
    """The driver at work, without its pauses; stopped as a process stops it."""

    async def sleep(_: float) -> None:
        await asyncio.sleep(0.01)

    task = asyncio.create_task(PollingDriver(connector, bench.intake, sleep).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def texts(bench: Bench) -> list[str]:
    return [event.text for event in await bench.events()]


async def come(bench: Bench, expected: Sequence[str]) -> None:
    """Wait for exactly these, in this order."""

    async def there() -> bool:
        return len(await texts(bench)) >= len(expected)

    await eventually(there, "the events")
    assert await texts(bench) == list(expected)


async def confirmed(api: BotApi) -> None:
    async def none_left() -> bool:
        return not api.updates

    await eventually(none_left, "the confirmation")


def asked(api: BotApi) -> list[Json]:
    return [parameters for method, parameters in api.calls if method == "getUpdates"]
