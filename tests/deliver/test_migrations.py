"""A ledger of every revision that was ever released becomes today's, with all that it held."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, insert, text
from sqlalchemy.exc import DBAPIError

import deliver.migrations
from deliver.database import migrate, open_engine, require_current
from deliver.ledger import Ledger
from deliver.rows import content_hash, lane_of
from deliver.states import State
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import NOON, make_event
from tests.deliver.running import WORKER

#: Whoever releases a revision adds it here; it is never changed after that.
RELEASED = ("0001", "0002")
APPEND_ONLY = ("transition", "source_count", "closed_day", "act")


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic())


def alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(deliver.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def made_at(engine: Engine, revision: str) -> tuple[UUID, str]:
    """A ledger as the program of that revision left it: one complaint, in a worker's hand."""
    event = make_event()
    with engine.begin() as connection:
        command.upgrade(alembic(connection), revision)
        tables = MetaData()
        tables.reflect(connection)
        connection.execute(insert(tables.tables["complaint"]).values(**complaint_row(event)))
        for before, after in ((None, "received"), ("received", "sending")):
            line = {"from_state": before, "to_state": after, "who": "worker", "actor": "w-1"}
            connection.execute(
                insert(tables.tables["transition"]).values(
                    complaint_id=str(event.complaint_id), at=NOON, reason="of_before", **line
                )
            )
    return event.complaint_id, event.reference


def complaint_row(event: Any) -> dict[str, object]:
    return {
        "complaint_id": str(event.complaint_id),
        "reference": event.reference,
        "channel": event.channel,
        "account": event.account,
        "lane": lane_of(event),
        "received_at": event.received_at,
        "day": event.received_at.astimezone(JAKARTA).date(),
        "state": "sending",
        "state_at": NOON,
        "version": 2,
        "mode": "v3",
        "attempts": 1,
        "claimed_by": "w-1",
        "claim_until": NOON + timedelta(minutes=2),
        "content_hash": content_hash(event),
        "event": event.to_bytes().decode(),
        "log_topic": "complaints.accepted.v1",
        "log_partition": 0,
        "log_offset": 7,
    }


@pytest.mark.parametrize("revision", RELEASED)
def test_a_released_ledger_is_brought_up_to_date_and_goes_on(
    ledger_url: str, revision: str
) -> None:
    engine = open_engine(ledger_url)
    complaint_id, reference = made_at(engine, revision)
    migrate(engine)
    require_current(engine)
    ledger = Ledger(engine, JAKARTA)
    row = ledger.queries.get(complaint_id)
    assert row is not None
    assert (row.reference, row.state, row.version) == (reference, State.SENDING, 2)
    assert row.event().complaint_id == complaint_id
    entered = ledger.move(row, State.ENTERED, WORKER, "entered", NOON, tracking_id="9200001")
    assert entered.tracking_id == "9200001"
    assert [line.after for line in ledger.queries.history(complaint_id)] == [
        State.RECEIVED,
        State.SENDING,
        State.ENTERED,
    ]
    ledger.close()


@pytest.mark.parametrize("revision", RELEASED)
def test_its_history_stays_append_only(ledger_url: str, revision: str) -> None:
    engine = open_engine(ledger_url)
    made_at(engine, revision)
    migrate(engine)
    for statement in ("UPDATE transition SET note = 'x'", "DELETE FROM transition"):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()


def test_revisions_form_one_line_forwards() -> None:
    revisions = list(scripts().walk_revisions())
    assert len(scripts().get_heads()) == 1
    for revision in revisions:
        assert not revision.is_branch_point
        assert not hasattr(revision.module, "downgrade"), "schemas only go forwards"
    assert set(RELEASED) <= {revision.revision for revision in revisions}


def test_every_append_only_table_refuses_changes(ledger_url: str) -> None:
    engine = open_engine(ledger_url)
    migrate(engine)
    triggers = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT event_object_table FROM information_schema.triggers",
    }
    with engine.begin() as connection:
        found = set(connection.scalars(text(triggers[engine.dialect.name])))
    engine.dispose()
    assert found >= set(APPEND_ONLY)
