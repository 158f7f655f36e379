"""Files over real HTTP: ``getFile``, then the download."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.fetch import MOST_BYTES, TelegramFetcher, build_fetchers
from gateway.errors import GatewayFault, MediaAway, MediaGone, MediaRefused
from gateway.settings import ConfigFile
from tests.connectors.telegram.bots import TOKEN, USERNAME, polled
from tests.connectors.telegram.conftest import Telegram
from tests.servers import free_ports
from tests.servers.bot_api import ApiError, Cut, Fault, Garbage

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture
async def fetcher(telegram: Telegram) -> AsyncIterator[TelegramFetcher]:
    telegram.api.files["foto"] = PICTURE
    made = TelegramFetcher(polled(telegram.url))
    yield made
    await made.close()


async def test_the_bytes_as_they_are(fetcher: TelegramFetcher) -> None:
    fetched = await fetcher.fetch("foto", MOST_BYTES)
    assert fetched.content == PICTURE
    assert fetched.media_type == "application/octet-stream"
    assert fetched.name is None


@pytest.mark.parametrize(
    ("method", "fault", "raised"),
    [
        ("getFile", ApiError(400, "Bad Request: invalid file_id"), MediaGone),
        ("getFile", ApiError(400, "Bad Request: FILE_REFERENCE_EXPIRED"), MediaGone),
        ("getFile", ApiError(400, "Bad Request: file is too big"), MediaRefused),
        ("getFile", ApiError(429, "Too Many Requests", retry_after=7), MediaAway),
        ("getFile", ApiError(401, "Unauthorized"), MediaAway),
        ("getFile", ApiError(500, "Internal Server Error"), MediaAway),
        ("getFile", Garbage(), MediaAway),
        ("getFile", Garbage(b'{"ok":true,"result":{}}'), MediaAway),
        ("getFile", Cut(), MediaAway),
        ("download", Garbage(status=404), MediaAway),
        ("download", Garbage(status=503), MediaAway),
        ("download", Cut(), MediaAway),
    ],
)
async def test_what_a_failure_means(
    telegram: Telegram,
    fetcher: TelegramFetcher,
    method: str,
    fault: Fault,
    raised: type[GatewayFault],
) -> None:
    # Twice: aiohttp repeats a GET whose connection broke.
    times = 2 if (method, type(fault)) == ("download", Cut) else 1
    telegram.api.faults[method].extend([fault] * times)
    with pytest.raises(raised) as failed:
        await fetcher.fetch("foto", MOST_BYTES)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    assert (await fetcher.fetch("foto", MOST_BYTES)).content == PICTURE


async def test_the_pause_that_telegram_asks_for(
    telegram: Telegram, fetcher: TelegramFetcher
) -> None:
    telegram.api.faults["getFile"].append(ApiError(429, "Too Many Requests", retry_after=7))
    with pytest.raises(MediaAway) as failed:
        await fetcher.fetch("foto", MOST_BYTES)
    assert failed.value.retry_after_seconds == 7.0


async def test_unavailable_for_now(telegram: Telegram, fetcher: TelegramFetcher) -> None:
    telegram.api.unavailable_files.add("foto")
    with pytest.raises(MediaAway):
        await fetcher.fetch("foto", MOST_BYTES)


async def test_more_than_bots_are_given(telegram: Telegram, fetcher: TelegramFetcher) -> None:
    telegram.api.files["film"] = bytes(MOST_BYTES + 1)
    with pytest.raises(MediaRefused) as failed:
        await fetcher.fetch("film", 100_000_000)
    assert failed.value.reason == "too_large"


async def test_more_than_wanted_is_not_downloaded(
    telegram: Telegram, fetcher: TelegramFetcher
) -> None:
    with pytest.raises(MediaRefused) as failed:
        await fetcher.fetch("foto", len(PICTURE) - 1)
    assert failed.value.reason == "too_large"
    assert "download" not in [method for method, _ in telegram.api.calls]


async def test_more_than_announced_is_not_read(
    telegram: Telegram, fetcher: TelegramFetcher
) -> None:
    telegram.api.faults["download"].append(Garbage(bytes(len(PICTURE) + 1)))
    with pytest.raises(MediaRefused) as failed:
        await fetcher.fetch("foto", len(PICTURE))
    assert failed.value.reason == "too_large"


@pytest.mark.parametrize(
    "path", ["https://lain.contoh.example/x", "/etc/hostname", "file:///etc/hostname"]
)
async def test_only_the_bot_apis_own_files(
    telegram: Telegram, fetcher: TelegramFetcher, path: str
) -> None:
    answer = f'{{"ok":true,"result":{{"file_id":"f","file_unique_id":"u","file_path":"{path}"}}}}'
    telegram.api.faults["getFile"].append(Garbage(answer.encode()))
    with pytest.raises((MediaRefused, MediaAway)):
        await fetcher.fetch("f", MOST_BYTES)


async def test_nobody_there() -> None:
    (port,) = free_ports(1)
    fetcher = TelegramFetcher(polled(f"http://127.0.0.1:{port}"))
    with pytest.raises(MediaAway):
        await fetcher.fetch("foto", MOST_BYTES)
    await fetcher.close()


async def test_a_fetcher_for_each_bot() -> None:
    values = {"name": "uji", "mode": "polling", "bot_token": TOKEN, "username": USERNAME}
    config = ConfigFile(Path("gateway.toml"), {"telegram": {"accounts": [values]}})
    (fetcher,) = build_fetchers(config)
    assert (fetcher.channel.value, fetcher.account) == ("telegram", "uji")
    await fetcher.close()
