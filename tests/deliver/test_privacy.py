"""Seeded identities are nowhere but in sealed parts and, when allowed, in LAPOR."""

import logging
from pathlib import Path

import pytest

from deliver.ledger import Ledger
from deliver.states import State
from gateway.log.sqlite import SqliteLog
from gateway.log_setup import JsonLines
from gateway.metrics import exposition
from gateway.sealing import Opener, Sealer
from tests.deliver.making import IDENTITY, make_event
from tests.deliver.running import TOPICS, Desktop, Sandbox


async def test_nothing_that_we_keep_or_say_names_the_reporter(
    event_log: SqliteLog,
    ledger: Ledger,
    sealer: Sealer,
    opener: Opener,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    desktop = Desktop(event_log, ledger, sealer, opener)
    refused, unanswered = make_event(sealer, text="ditolak"), make_event(sealer)
    entered, hidden = make_event(sealer), make_event(sealer, hide_identity=True)
    sandbox.switch(refuse_content_containing="ditolak", reset_after_write=True)
    await desktop.publish(refused, unanswered)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(refused, State.PARKED)
        await desktop.reaches(unanswered, State.UNKNOWN)
        sandbox.switch()
        await desktop.publish(entered, hidden)
        await desktop.reaches(entered, State.ENTERED)
        await desktop.reaches(hidden, State.ENTERED)

    format_line = JsonLines("deliver").format
    kept = [format_line(record) + record.getMessage() for record in caplog.records]
    kept.append((tmp_path / "ledger.db").read_bytes().decode("latin-1"))
    for topic in TOPICS.names:
        async for stored in event_log.scan(topic):
            kept.append(repr(stored))
    kept.append(exposition()[0].decode())
    (secretly,) = await sandbox.complaints(hidden.reference)
    kept.append(repr(secretly.fields))
    assert any("entry.entered" in line for line in kept)
    for place in kept:
        assert not [value for value in IDENTITY if value in place]
