"""Long polling over real HTTP, the real driver and a real log: kept, then confirmed."""

from pathlib import Path

import pytest

from connectors.telegram.payload import ALLOWED_UPDATES
from connectors.telegram.polling import TelegramPolling
from gateway.errors import NotConnected, NotKept
from gateway.metrics import INTAKE_FAULTS, INTAKE_IGNORED, POLLING_LAST_CONTACT
from tests.connectors.telegram.bots import GROUP, message, polled, reader
from tests.connectors.telegram.conftest import Telegram
from tests.connectors.telegram.driving import NOW, asked, come, confirmed, driving, make
from tests.intake_bench import Bench
from tests.servers.bot_api import Cut
from tests.waiting import eventually


async def test_what_people_write_is_kept_in_order_then_confirmed(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1, text="satu"))
    telegram.api.happen(message=message(2, text="dua"))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu", "dua"])
        telegram.api.happen(message=message(3, text="tiga"))
        await come(bench, ["satu", "dua", "tiga"])
        await confirmed(telegram.api)
    for call in asked(telegram.api):
        assert call["allowed_updates"] == list(ALLOWED_UPDATES)
        assert "drop_pending_updates" not in call
    assert {method for method, _ in telegram.api.calls} == {"getUpdates"}


async def test_nothing_is_confirmed_while_the_log_is_away(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    bench.log.before = NotKept("away")
    faults = INTAKE_FAULTS.labels("telegram", "uji")
    before = faults._value.get()
    telegram.api.happen(message=message(1, text="satu"))
    async with driving(make(telegram, tmp_path), bench):

        async def tried_often() -> bool:
            return bool(faults._value.get() >= before + 3)

        await eventually(tried_often, "the tries")
        assert len(telegram.api.updates) == 1
        assert len(asked(telegram.api)) == 1
        bench.log.before = None
        await come(bench, ["satu"])
        await confirmed(telegram.api)


async def test_a_crash_between_log_and_settling_is_one_complaint(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1, text="satu"))
    crashed = make(telegram, tmp_path)
    await crashed.connect()
    await bench.intake.accept((await crashed.receive()).item)
    await crashed.close()
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu", "satu"])
        await confirmed(telegram.api)
    assert len({event.complaint_id for event in await bench.events()}) == 1


async def test_a_crash_between_settling_and_confirming_repeats_nothing(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1, text="satu"))
    telegram.api.happen(message=message(2, text="dua"))
    crashed = make(telegram, tmp_path)
    await crashed.connect()
    delivery = await crashed.receive()
    await bench.intake.accept(delivery.item)
    await delivery.settle()
    await crashed.close()
    assert len(telegram.api.updates) == 2
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu", "dua"])


async def test_ids_that_begin_anew_after_a_quiet_week(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    telegram.api.happen(message=message(1, text="sebelum"))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["sebelum"])
        await confirmed(telegram.api)

        async def offset_is_left_out() -> bool:
            return "offset" not in asked(telegram.api)[-1]

        await eventually(offset_is_left_out, "a call without offset")
        telegram.api.next_update_id = 5
        telegram.api.happen(message=message(2, text="sesudah"))
        await come(bench, ["sebelum", "sesudah"])


@pytest.mark.parametrize(("hours", "offset"), [(23, True), (25, False)])
async def test_an_offset_that_telegram_has_forgotten_is_not_sent(
    telegram: Telegram, tmp_path: Path, hours: int, offset: bool
) -> None:
    telegram.api.happen(message=message(1))
    before = make(telegram, tmp_path)
    await before.connect()
    await (await before.receive()).settle()
    await before.close()
    later = make(telegram, tmp_path, NOW + hours * 3600)
    await later.connect()
    telegram.api.happen(message=message(2))
    await later.receive()
    await later.close()
    assert ("offset" in asked(telegram.api)[-1]) is offset


@pytest.mark.parametrize("stored", ["", "abc", "12", "-5 17", "7 8 9"])
async def test_a_damaged_offset_is_none(telegram: Telegram, tmp_path: Path, stored: str) -> None:
    telegram.api.happen(message=message(1))
    connector = make(telegram, tmp_path)
    connector._cursor.write(stored)
    await connector.connect()
    await connector.receive()
    await connector.close()
    assert "offset" not in asked(telegram.api)[-1]


async def test_a_stop_while_waiting_lets_go_at_once(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    patient = TelegramPolling(reader(polled(telegram.url)), tmp_path, poll_seconds=50.0)
    async with driving(patient, bench):

        async def waits() -> bool:
            return bool(asked(telegram.api))

        await eventually(waits, "the call")
    telegram.api.happen(message=message(1, text="satu"))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu"])


async def test_one_process_polls_a_bot(telegram: Telegram, tmp_path: Path) -> None:
    first, second = make(telegram, tmp_path), make(telegram, tmp_path)
    await first.connect()
    with pytest.raises(NotConnected, match="another process"):
        await second.connect()
    await second.close()
    await first.close()
    await second.connect()
    await second.close()


async def test_what_is_not_for_us_is_counted_and_confirmed(
    telegram: Telegram, bench: Bench, tmp_path: Path
) -> None:
    counter = INTAKE_IGNORED.labels("telegram", "uji", "not_addressed")
    before = counter._value.get()
    group = {"id": GROUP, "type": "supergroup", "title": "Warga"}
    telegram.api.happen(message=message(1, chat=group, text="Sudah makan?"))
    telegram.api.happen(message=message(2, text="satu"))
    async with driving(make(telegram, tmp_path), bench):
        await come(bench, ["satu"])
        await confirmed(telegram.api)
    assert counter._value.get() == before + 1
    assert await bench.rejected() == []


async def test_the_alarm_metric_follows_complete_answers_only(
    telegram: Telegram, tmp_path: Path
) -> None:
    gauge = POLLING_LAST_CONTACT.labels("telegram", "uji")
    gauge.set(0)
    telegram.api.faults["getUpdates"].append(Cut(after=True))
    telegram.api.happen(message=message(1))
    connector = make(telegram, tmp_path)
    await connector.connect()
    with pytest.raises(NotConnected):
        await connector.receive()
    assert gauge._value.get() == 0
    await connector.receive()
    assert gauge._value.get() == NOW
    await connector.close()


async def test_a_full_answer_means_that_more_is_waiting(
    telegram: Telegram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(130):
        telegram.api.happen(message=message(number))
    connector = make(telegram, tmp_path)
    await connector.connect()
    for _ in range(130):
        await (await connector.receive()).settle()
    await connector.close()
    assert [r.msg for r in caplog.records] == ["telegram.backlog"]
