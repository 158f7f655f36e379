"""Reading a rejected item again gives the event that it would have been the first time."""

import base64
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import retrying
from connectors.registry import build_all
from connectors.retrying import Order, read_order, run
from gateway.log.sqlite import SqliteLog
from gateway.sealing import new_key_pair, new_reporter_key
from gateway.settings import CONFIG_ENV, ConfigFile, TopicSettings, read_config
from normalizer.draft import Draft
from normalizer.event import Channel, ComplaintEvent
from normalizer.identity import platform_complaint_id

CONFIG = """
[gateway]
data_dir = "data"
[sealing]
public_key_file = "keys/public.json"
private_key_dir = "keys/private"
[normalizer]
reporter_key_file = "keys/reporter.key"
[[sms.accounts]]
name = "at"
dialect = "africastalking"
token = "a-long-invented-token"
[[sms.accounts]]
name = "1708"
dialect = "kannel"
username = "kannel"
password = "a-long-invented-password"
[[telegram.accounts]]
name = "aduan"
mode = "polling"
bot_token = "123456789:AAE-invented-invented-invented-inve"
username = "aduan_contoh_bot"
[[mail.accounts]]
name = "aduan"
host = "127.0.0.1"
username = "aduan@example.com"
password = "invented"
"""
THEN = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
FORM = b"id=at-77&from=%2B6281200009001&to=1708&text=Jalan+berlubang&date=2026-03-02T04:00:00Z"
UPDATE = json.dumps(
    {
        "update_id": 5,
        "message": {
            "message_id": 9,
            "date": 1772424000,
            "chat": {"id": 900001, "type": "private"},
            "from": {"id": 900001, "is_bot": False, "first_name": "Sri Rejeki Contoh"},
            "text": "Lampu jalan mati",
        },
    }
).encode()
MAIL = (
    b"From: Sri Rejeki Contoh <sri@example.com>\r\nTo: aduan@example.com\r\n"
    b"Message-ID: <m-1@example.com>\r\nSubject: Selokan\r\n\r\nSelokan mampet.\r\n"
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigFile:
    (tmp_path / "data").mkdir()
    new_key_pair(tmp_path / "keys/public.json", tmp_path / "keys/private")
    new_reporter_key(tmp_path / "keys/reporter.key")
    (tmp_path / "gateway.toml").write_text(CONFIG)
    monkeypatch.setenv(CONFIG_ENV, str(tmp_path / "gateway.toml"))
    return read_config()


@pytest.fixture
async def event_log(config: ConfigFile, tmp_path: Path) -> SqliteLog:
    made = SqliteLog(tmp_path / "data/log.db")
    await made.open()
    await made.create_topics(TopicSettings().specs())
    await made.close()
    return made


def order(channel: Channel, account: str, raw: bytes, media_type: str = "text/plain") -> Order:
    return Order(channel, account, media_type, THEN, raw)


@pytest.mark.parametrize(
    ("given", "source_id", "text"),
    [
        (order(Channel.SMS, "at", FORM, "application/x-www-form-urlencoded"), "at-77", "berlubang"),
        (order(Channel.TELEGRAM, "aduan", UPDATE), "900001:9", "Lampu jalan mati"),
        (order(Channel.EMAIL, "aduan", MAIL), "<m-1@example.com>", "mampet"),
    ],
)
async def test_it_becomes_the_same_event_at_the_time_it_came(
    config: ConfigFile, event_log: SqliteLog, given: Order, source_id: str, text: str
) -> None:
    expected = platform_complaint_id(given.channel, given.account, source_id)
    # A second time it is the same event again: the ledger absorbs it.
    for _ in range(2):
        assert await run(config, given) == [str(expected)]
    await event_log.open()
    stored = [one async for one in event_log.scan(TopicSettings().accepted)]
    await event_log.close()
    events = [ComplaintEvent.from_bytes(one.record.value) for one in stored]
    assert [event.complaint_id for event in events] == [expected, expected]
    assert text in events[0].text
    assert events[0].received_at == THEN


def test_a_request_without_a_body_is_read_from_its_query(config: ConfigFile) -> None:
    query = b"from=%2B6281200009001&to=1708&text=Jalan+berlubang&charset=UTF-8&id=k-1"
    (item,) = read_order(order(Channel.SMS, "1708", query), config, build_all(config))
    assert isinstance(item, Draft)
    assert item.text_raw == "Jalan berlubang"


@pytest.mark.parametrize(
    "given",
    [
        order(Channel.SMS, "at", b"\xff\x00 nothing"),
        order(Channel.SMS, "an account that is gone", FORM),
        order(Channel.TELEGRAM, "aduan", b"[]"),
        order(Channel.WALK_IN, "loket", b"Jalan berlubang"),
    ],
)
async def test_what_is_still_unreadable_becomes_nothing(
    config: ConfigFile, event_log: SqliteLog, given: Order
) -> None:
    assert await run(config, given) == []
    await event_log.open()
    for topic in TopicSettings().names:
        assert [one async for one in event_log.scan(topic)] == []
    await event_log.close()


def test_the_program_reads_one_order_and_answers(
    config: ConfigFile,
    event_log: SqliteLog,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {
        "channel": "sms",
        "account": "at",
        "media_type": "application/x-www-form-urlencoded",
        "received_at": THEN.isoformat(),
        "raw": base64.b64encode(FORM).decode(),
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(said)))
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731
    monkeypatch.setattr(retrying, "set_up_logging", quiet)
    assert retrying.main() == 0
    expected = platform_complaint_id(Channel.SMS, "at", "at-77")
    assert json.loads(capsys.readouterr().out) == {"kept": [str(expected)]}
