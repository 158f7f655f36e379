"""Long polling when something is wrong: told in the log, and nothing is lost."""

import json
import logging
from pathlib import Path

import pytest

from connectors.telegram.payload import Reader, Reading
from connectors.telegram.polling import TelegramPolling
from gateway.errors import NotConnected
from tests.connectors.telegram.bots import message, polled, reader
from tests.connectors.telegram.conftest import Telegram
from tests.connectors.telegram.driving import come, confirmed, driving, make
from tests.intake_bench import Bench
from tests.servers import free_ports
from tests.servers.bot_api import ApiError, BotApi, Cut, Fault, Garbage, serving
from tests.waiting import eventually

FAULTS: dict[str, tuple[Fault, str]] = {
    "conflict": (ApiError(409, "Conflict: terminated by other getUpdates request"), "conflict"),
    "token": (ApiError(401, "Unauthorized"), "token_refused"),
    "no such bot": (ApiError(404, "Not Found"), "token_refused"),
    "flood": (ApiError(429, "Too Many Requests: retry after 5", retry_after=5), "rate_limited"),
    "server": (ApiError(502, "Bad Gateway"), "server_fault"),
    "proxy": (Garbage(), "no_bot_api"),
    "proxy with status": (Garbage(status=502), "server_fault"),
    "half an answer": (Garbage(b'{"ok":true,"result":[{"upd'), "no_bot_api"),
    "no list": (Garbage(b'{"ok":true,"result":{}}'), "no_bot_api"),
    "no ids": (Garbage(b'{"ok":true,"result":[{},7]}'), "no_bot_api"),
    "cut": (Cut(), "NoAnswer"),
    "cut after": (Cut(after=True), "NoAnswer"),
}


@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_failed_call_is_told_and_loses_nothing(
    telegram: Telegram,
    bench: Bench,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    reason: str,
) -> None:
    telegram.api.faults["getUpdates"].append(fault)
    telegram.api.happen(message=message(1, text="satu"))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu"])
    (told,) = [record for record in caplog.records if record.msg == "telegram.not_polled"]
    assert (told.levelno, vars(told)["reason"]) == (logging.WARNING, reason)
    assert vars(told)["account"] == "uji"


async def test_a_webhook_that_is_still_set(
    telegram: Telegram, bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await telegram.api._setWebhook({"url": "https://lama.contoh.example/hook"})
    telegram.api.happen(message=message(1, text="satu"))
    async with driving(make(telegram, tmp_path), bench):

        async def told() -> bool:
            return any(vars(r).get("reason") == "conflict" for r in caplog.records)

        await eventually(told, "the warning")
        await telegram.api._deleteWebhook({})
        await come(bench, ["satu"])


async def test_a_server_that_comes_later(
    bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports(1)
    away = TelegramPolling(reader(polled(f"http://127.0.0.1:{port}")), tmp_path)
    await away.connect()
    with pytest.raises(NotConnected):
        await away.receive()
    await away.close()
    assert [vars(record)["reason"] for record in caplog.records] == ["NotSent"]
    api = BotApi(polled("http://x").bot_token.get_secret_value())
    api.happen(message=message(1, text="satu"))
    async with (
        serving(api) as url,
        driving(make(Telegram(api, url), tmp_path), bench),
    ):
        await come(bench, ["satu"])


async def test_bad_updates_between_good_ones(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1, text="satu"))
    telegram.api.happen(message={"chat": "?", "photo": 7})
    telegram.api.happen(message=message(2, text="dua"))
    telegram.api.happen(message=message(3, text="tiga", date="kemarin"))
    listed: list[object] = list(telegram.api.updates)
    answer = json.dumps({"ok": True, "result": [*listed[:2], "no update", *listed[2:]]})
    telegram.api.faults["getUpdates"].append(Garbage(answer.encode()))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu", "dua", "tiga"])
        await confirmed(telegram.api)
    assert [item.reason for item in await bench.rejected()] == ["unreadable", "unreadable"]


class FailingReader(Reader):
    """A fault of ours, at one update."""

    def read(self, update: object, raw: bytes) -> Reading:
        if b"pecah" in raw:
            raise RuntimeError("a fault")
        return super().read(update, raw)


async def test_a_fault_of_our_reading_stops_nobody(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    for number, text in enumerate(("satu", "pecah", "dua"), start=1):
        telegram.api.happen(message=message(number, text=text))
    failing = FailingReader(polled(telegram.url), "NGW")
    async with driving(TelegramPolling(failing, tmp_path, poll_seconds=1.0), bench):
        await come(bench, ["satu", "dua"])
        await confirmed(telegram.api)
    (kept,) = await bench.rejected()
    assert kept.reason == "connector_failed"
    assert "pecah" in bench.opener.open(kept.sealed).raw


async def test_an_offset_that_cannot_be_written_is_not_confirmed(
    telegram: Telegram, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1))
    connector = make(telegram, tmp_path)
    await connector.connect()
    delivery = await connector.receive()
    (tmp_path / "cursors").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotConnected):
        await delivery.settle()
    await connector.close()
    assert len(telegram.api.updates) == 1
