"""Rejected items: listed without contents, opened by custodians, put through once."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from deliver.acts import Acts
from deliver.rejected import OPENED
from deliver.unreadable import reject
from gateway.auth import Role
from gateway.cloudevents import accepted_record, rejected_record
from gateway.intake import seal_rejection
from gateway.log import Record, StoredRecord
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Sealer, new_reporter_key
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel, ComplaintEvent
from normalizer.identity import platform_complaint_id
from tests.deliver.making import NOON, PHONE, at, make_event
from tests.deliver.running import TOPICS
from tests.deliver.test_commands import NOTE, Office

FORM = b"id=at-77&from=%2B6281200000042&to=1708&text=Jalan+berlubang&date=2026-03-02T04:00:00Z"
SMS = """
[normalizer]
reporter_key_file = "{keys}/reporter.key"
[[sms.accounts]]
name = "at"
dialect = "africastalking"
token = "a-long-invented-token"
"""


@pytest.fixture
def office(tmp_path: Path, key_dir: Path) -> Office:
    made = Office(tmp_path, key_dir)
    made.configure("assisted")
    new_reporter_key(key_dir / "reporter.key")
    with made.config.open("a") as file:
        file.write(SMS.format(keys=key_dir))
    return made


async def rejected_at_intake(office: Office, sealer: Sealer, raw: bytes = FORM) -> UUID:
    """What a fault in the reading of a webhook leaves."""
    item = Rejection(
        channel=Channel.SMS,
        account="at",
        reason=RejectionReason.CONNECTOR_FAILED,
        raw=raw,
        raw_media_type="application/x-www-form-urlencoded",
    )
    sealed = seal_rejection(item, NOON, sealer)
    await office.publish()
    event_log = SqliteLog(office.data / "log.db")
    await event_log.open()
    await event_log.append(TOPICS.rejected, rejected_record(sealed))
    # As every log may: the same record twice.
    await event_log.append(TOPICS.rejected, rejected_record(sealed))
    await event_log.close()
    return sealed.item_id


async def accepted(office: Office) -> list[ComplaintEvent]:
    event_log = SqliteLog(office.data / "log.db")
    await event_log.open()
    found = [
        ComplaintEvent.from_bytes(one.record.value) async for one in event_log.scan(TOPICS.accepted)
    ]
    await event_log.close()
    return found


async def listed(office: Office, *arguments: str) -> dict[str, str | None]:
    done = await office.run("rejected", "list", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {one["id"]: one["retried"] for one in json.loads(done.stdout)}


async def test_what_a_mended_channel_reads_goes_through_once(
    office: Office, sealer: Sealer
) -> None:
    item_id = await rejected_at_intake(office, sealer)
    assert await listed(office) == {str(item_id): None}
    assert (await office.run("rejected", "retry", str(item_id))).returncode == 2
    done = await office.run("rejected", "retry", str(item_id)[:8], *NOTE, "--by", "wati")
    assert done.returncode == 0, done.stderr
    expected = platform_complaint_id(Channel.SMS, "at", "at-77")
    assert done.stdout == f"{item_id}: masuk sebagai {expected}\n"
    (event,) = await accepted(office)
    assert (event.complaint_id, event.text, event.received_at) == (
        expected, "Jalan berlubang", NOON,
    )  # fmt: skip
    again = await office.run("rejected", "retry", str(item_id), *NOTE)
    assert (again.returncode, "sudah diproses ulang" in again.stderr) == (2, True)
    forced = await office.run("rejected", "retry", str(item_id), *NOTE, "--again")
    assert forced.returncode == 2
    assert len(await accepted(office)) == 1
    assert await listed(office) == {str(item_id): "rejected_retried"}
    assert await listed(office, "--open-only") == {}
    shown = (await office.run("rejected", "show", str(item_id))).stdout
    assert "wati rejected_retried: dicek dua kali → " in shown


async def test_what_stays_unreadable_may_be_tried_again_after_another_mending(
    office: Office, sealer: Sealer
) -> None:
    item_id = await rejected_at_intake(office, sealer, b"\xff\x00 nothing")
    for extra in ((), ("--again",)):
        tried = await office.run("rejected", "retry", str(item_id), *NOTE, *extra)
        assert tried.returncode == 2
        assert "formulir petugas" in tried.stderr
        without = await office.run("rejected", "retry", str(item_id), *NOTE)
        assert "--again" in without.stderr
    assert await listed(office) == {str(item_id): "rejected_still_unreadable"}
    assert await accepted(office) == []


async def test_an_event_that_a_later_version_reads_keeps_its_id(
    office: Office, sealer: Sealer
) -> None:
    event = make_event(sealer)
    await office.publish()
    event_log = SqliteLog(office.data / "log.db")
    await event_log.open()
    for offset, value in enumerate((accepted_record(event).value, b"{}")):
        stored = StoredRecord(at(offset), Record(None, value), NOON)
        await reject(event_log, TOPICS.rejected, stored, sealer)
    await event_log.close()
    readable, unreadable = await listed(office, "--stage", "deliver")
    done = await office.run("rejected", "retry", readable, *NOTE)
    assert (done.returncode, done.stderr) == (0, "")
    assert await accepted(office) == [event]
    assert (await office.run("rejected", "retry", unreadable, *NOTE)).returncode == 2


async def test_contents_are_for_custodians_and_on_record(office: Office, sealer: Sealer) -> None:
    item_id = str(await rejected_at_intake(office, sealer))
    clerk, custodian = office.person("wati", Role.OPERATOR), office.person("tini", Role.CUSTODIAN)
    opening = ("rejected", "show", item_id, "--open")
    for arguments in (
        opening,
        (*opening, *custodian),
        (*opening, *clerk, "--reason", "perlu"),
        (*opening, *custodian[:-1], "/dev/null", "--reason", "perlu"),
    ):
        refused = await office.run(*arguments)
        assert refused.returncode in (2, 77), refused.stderr
        assert "berlubang" not in refused.stdout + refused.stderr
    ledger = office.ledger()
    assert Acts(ledger).of(OPENED) == []
    shown = await office.run(*opening, *custodian, "--reason", "cari sebab kegagalan")
    assert FORM.decode() in shown.stdout
    (act,) = Acts(ledger).of(OPENED)
    assert (act.subject, act.note) == (item_id, "cari sebab kegagalan")
    assert act.actor.startswith("u-")
    saved = office.directory / "raw.bin"
    written = await office.run(*opening, *custodian, "--reason", "x", "--to", str(saved))
    assert written.returncode == 0
    assert (saved.read_bytes(), saved.stat().st_mode & 0o777) == (FORM, 0o600)
    ledger.close()


async def test_nothing_else_says_who(office: Office, sealer: Sealer) -> None:
    item_id = str(await rejected_at_intake(office, sealer))
    said = [
        await office.run("rejected", "list"),
        await office.run("rejected", "show", item_id),
        await office.run("rejected", "retry", item_id, "--note", f"telepon {PHONE}"),
        await office.run("rejected", "retry", item_id, "--note", f"telepon {PHONE}"),
        await office.run("rejected", "show", "0000"),
    ]
    digits = PHONE.removeprefix("+")
    assert not [one for one in said if digits in one.stdout + one.stderr]
    for name in ("ledger.db", "log.db"):
        assert digits.encode() not in (office.data / name).read_bytes()
    with closing(sqlite3.connect(office.data / "ledger.db")) as connection:
        notes = connection.execute("SELECT note FROM act").fetchall()
    assert ("telepon [TELEPON]",) in notes
