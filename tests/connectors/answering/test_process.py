"""The whole process on a real log: start, work, absence of others, stop, start again."""

import asyncio
import shutil
import urllib.request
from pathlib import Path

import pytest

from connectors.answering.assembly import answer, describe
from gateway.errors import AlreadyRunning, KeyMissing, Misconfigured, PortTaken
from gateway.lifecycle import bind
from gateway.log import Record
from gateway.sealing import new_key_pair
from normalizer.outcome import ReplyKind, ReplyState
from tests.connectors.answering.making import PHONE, receipt
from tests.connectors.answering.office import TOPICS, Office
from tests.servers import free_ports
from tests.waiting import eventually


async def test_an_sms_is_answered_when_it_comes_and_when_lapor_has_it(office: Office) -> None:
    async with office.answering():
        event = await office.complain()
        await office.told(1)
        # LAPOR! is away: that is nothing to us, its number comes when it comes.
        office.clock.advance(hours=30)
        await office.enter(receipt(event, office.clock.now()))
        outcomes = await office.told(2)
    first, second = office.platform.texts_to(PHONE)
    assert event.reference in first
    assert "9165816" in second
    assert [(one.kind, one.state, one.reference) for one in outcomes] == [
        (ReplyKind.RECEIVED, ReplyState.SENT, event.reference),
        (ReplyKind.ENTERED, ReplyState.SENT, event.reference),
    ]
    async with office.answering():
        await office.complain()
        await office.told(3)
    assert len(office.platform.taken) == 3


async def test_a_record_that_nobody_can_read_stops_nothing(office: Office) -> None:
    for topic in (TOPICS.accepted, TOPICS.entered):
        await office.log.append(topic, Record(b"key", b'{"not": "ours"}'))
    async with office.answering():
        event = await office.complain()
        await office.enter(receipt(event))
        await office.told(2)


async def test_while_the_log_is_away_nothing_is_lost_or_sent_twice(office: Office) -> None:
    log = office.directory / "data" / "log.db"
    aside = log.with_name("aside.db")
    office.platform.moods.append("held")
    async with office.answering():
        await office.complain()
        await eventually(lambda: _true(office.platform.calls == 1), "the call")
        log.rename(aside)
        office.platform.go_on.set()
        await eventually(lambda: _ended(office), "an end in the outbox")
        aside.rename(log)
        await office.told(1)
        await office.complain()
        await office.told(2)
    assert len(office.platform.taken) == 2
    assert len(await office.outcomes()) == 2


async def test_what_could_not_be_told_is_told_after_the_next_start(office: Office) -> None:
    log = office.directory / "data" / "log.db"
    aside = log.with_name("aside.db")
    office.platform.moods.append("held")
    async with office.answering() as stop:
        await office.complain()
        await eventually(lambda: _true(office.platform.calls == 1), "the call")
        log.rename(aside)
        stop.set()
        office.platform.go_on.set()
    aside.rename(log)
    assert await office.outcomes() == []
    async with office.answering():
        await office.told(1)
    assert len(office.platform.taken) == 1


async def test_only_one_process_answers(office: Office) -> None:
    async with office.answering():
        await office.complain()
        await office.told(1)
        office.port = free_ports(1)[0]
        office.write()
        with pytest.raises(AlreadyRunning, match="a second would answer twice"):
            await answer(office.config, asyncio.Event())


async def test_a_second_process_ends_with_its_own_exit_code(office: Office) -> None:
    async with office.answering():
        await office.complain()
        await office.told(1)
        office.port = free_ports(1)[0]
        office.write()
        done = await office.command()
    assert done.returncode == AlreadyRunning.exit_code
    assert "another replies process" in done.stderr


async def test_health_and_metrics_stand_on_the_internal_port(office: Office) -> None:
    async with office.answering():
        await office.complain()
        await office.told(1)
        assert await asyncio.to_thread(_get, office.port, "readyz") == '{"status": "ready"}'
        metrics = await asyncio.to_thread(_get, office.port, "metrics")
    assert 'reply_outcomes_total{channel="sms",kind="received",state="sent"}' in metrics
    assert "replies_waiting 0.0" in metrics
    assert "8120000" not in metrics


async def test_switched_off_it_does_not_run(office: Office) -> None:
    text = office.config_path.read_text(encoding="utf-8")
    office.config_path.write_text(text.replace("enabled = true", ""), encoding="utf-8")
    with pytest.raises(Misconfigured, match="enabled is false"):
        await answer(office.config, asyncio.Event())
    assert await describe(office.config) == "off"


async def test_a_wrong_template_and_a_taken_port_end_the_start(office: Office) -> None:
    own = office.directory / "own.toml"
    own.write_text('[sms]\nreceived = "tanpa nomor"\n', encoding="utf-8")
    office.write(f'templates_file = "{own.name}"')
    with pytest.raises(Misconfigured, match=r"\[sms\] received"):
        await answer(office.config, asyncio.Event())
    office.write()
    with bind("127.0.0.1", office.port) as sock, pytest.raises(PortTaken):
        sock.listen()
        await answer(office.config, asyncio.Event())


async def test_without_its_key_it_does_not_run(office: Office) -> None:
    shutil.rmtree(office.directory / "reply")
    with pytest.raises(KeyMissing):
        await answer(office.config, asyncio.Event())


async def test_the_check_says_who_answers_and_whether_the_key_fits(office: Office) -> None:
    assert await describe(office.config) == "on, answers for sms/1708"
    done = await office.command("check")
    assert (done.returncode, done.stdout) == (0, "✓ replies: on, answers for sms/1708\n")
    _another_pair(office.directory)
    with pytest.raises(KeyMissing, match="opens with no key"):
        await describe(office.config)
    done = await office.command("check")
    assert done.returncode == 1
    assert done.stdout.startswith("✗ replies: ")


async def test_own_words_and_fewer_kinds(office: Office) -> None:
    own = office.directory / "own.toml"
    own.write_text('office = "Kec. Contoh"\n', encoding="utf-8")
    office.write(f'templates_file = "{own.name}"\nkinds = ["entered"]')
    async with office.answering():
        event = await office.complain()
        await office.enter(receipt(event))
        (outcome,) = await office.told(1)
    assert outcome.kind is ReplyKind.ENTERED
    assert office.platform.taken[0].text.startswith("Kec. Contoh: aduan")


def _another_pair(directory: Path) -> None:
    new_key_pair(directory / "reply.public.json", directory / "elsewhere")


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as answered:
        text: str = answered.read().decode()
        return text


async def _true(value: bool) -> bool:
    return value


async def _ended(office: Office) -> bool:
    return bool(await office.rows("--state", "sent"))
