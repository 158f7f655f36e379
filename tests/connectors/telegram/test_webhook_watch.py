"""The watch over a webhook: the alarm metric, and a warning while it gets worse."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from connectors.telegram.payload import ALLOWED_UPDATES
from connectors.telegram.webhook_watch import LOOK_SECONDS, WebhookWatch
from gateway.errors import NotConnected
from gateway.metrics import POLLING_LAST_CONTACT
from tests.connectors.telegram.bots import called, message
from tests.connectors.telegram.conftest import Telegram
from tests.servers.bot_api import ApiError, Garbage

URL = "https://aduan.contoh.example/telegram/uji"
GAUGE = POLLING_LAST_CONTACT.labels("telegram", "uji")

Look = Callable[[], Awaitable[float]]


class Steps:
    """A sleep that lasts until the next look is wanted."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        assert seconds == LOOK_SECONDS
        self.asleep.set()
        await self.go.wait()
        self.go.clear()


@pytest.fixture
async def look(telegram: Telegram) -> AsyncIterator[Look]:
    """One look: the time of the last good one."""
    await telegram.api._setWebhook({"url": URL, "allowed_updates": list(ALLOWED_UPDATES)})
    steps, now = Steps(), time.time()
    watch = WebhookWatch(called(telegram.url), URL, sleep=steps, now=lambda: now + moved())
    looks = 0

    def moved() -> float:
        return 60.0 * looks

    await watch.connect()
    receiving = asyncio.ensure_future(watch.receive())

    async def one() -> float:
        nonlocal looks
        if looks:
            steps.go.set()
        await asyncio.wait_for(steps.asleep.wait(), 10)
        steps.asleep.clear()
        looks += 1
        return (float(GAUGE._value.get()) - now) / 60.0

    GAUGE.set(0)
    yield one
    receiving.cancel()
    await watch.close()


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    return [
        (vars(record)["reason"], vars(record)["count"])
        for record in caplog.records
        if record.msg == "telegram.webhook_falls_behind"
    ]


async def test_all_is_well(look: Look, caplog: pytest.LogCaptureFixture) -> None:
    assert [await look(), await look(), await look()] == pytest.approx([0, 1, 2])
    assert warnings(caplog) == []


async def test_traffic_is_no_fault(telegram: Telegram, look: Look) -> None:
    telegram.api.happen(message=message(1))
    assert [await look(), await look()] == pytest.approx([0, 1])


async def test_what_cannot_be_brought_stops_the_clock(
    telegram: Telegram, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    api = telegram.api
    assert await look() == pytest.approx(0)
    assert api.webhook is not None
    api.webhook.last_error_date = int(time.time()) + 30
    api.happen(message=message(1))
    assert [await look(), await look()] == pytest.approx([0, 0])
    assert warnings(caplog) == [("not_delivered", 1)]
    api.happen(message=message(2))
    assert await look() == pytest.approx(0)
    assert warnings(caplog) == [("not_delivered", 1), ("not_delivered", 2)]
    api.updates.clear()
    assert await look() == pytest.approx(4)


async def test_a_webhook_that_goes_elsewhere(
    telegram: Telegram, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    await look()
    await telegram.api._setWebhook({"url": "https://lain.contoh.example/"})
    assert [await look(), await look()] == pytest.approx([0, 0])
    assert warnings(caplog) == [("other_url", 0)]


@pytest.mark.parametrize("fault", [ApiError(401, "Unauthorized"), ApiError(502, "x"), Garbage()])
async def test_telegram_away_is_not_connected(
    telegram: Telegram, fault: ApiError | Garbage, caplog: pytest.LogCaptureFixture
) -> None:
    GAUGE.set(0)
    telegram.api.faults["getWebhookInfo"].append(fault)
    watch = WebhookWatch(called(telegram.url), URL)
    await watch.connect()
    with pytest.raises(NotConnected):
        await watch.receive()
    await watch.close()
    assert GAUGE._value.get() == 0
    assert "telegram.not_watched" in [record.msg for record in caplog.records]
