"""What the ledger promises, on SQLite and on a real PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from deliver.database import (
    LedgerOutdated,
    LedgerUnavailable,
    migrate,
    open_engine,
    require_current,
)
from deliver.ledger import Ledger, NotAllowed, Stale, TrackingIdTaken
from deliver.rows import LedgerRow, Recorded
from deliver.states import Actor, State, Who
from deliver.tables import metadata
from gateway.errors import Misconfigured
from normalizer.event import Channel
from tests.deliver.making import NOON, at, make_event
from tests.deliver.running import WORKER
from tests.servers import free_ports

OPERATOR = Actor(Who.OPERATOR, "operator-1")
LATER = NOON + timedelta(minutes=2)


def record(ledger: Ledger, offset: int = 0, lane: str | None = None) -> LedgerRow:
    row, recorded = ledger.record(make_event(reporter_key=lane), at(offset), NOON, WORKER)
    assert recorded is Recorded.NEW
    return row


def test_recorded_once_with_local_day_and_history(any_ledger: Ledger) -> None:
    late = NOON.replace(hour=18)  # 01:00 of the next day in Ngawi
    event = make_event(received_at=late)
    row, recorded = any_ledger.record(event, at(7), NOON, WORKER)
    again, repeated = any_ledger.record(event, at(8), LATER, WORKER)
    assert (recorded, repeated) == (Recorded.NEW, Recorded.REPEAT)
    assert again == row == any_ledger.queries.get(event.complaint_id)
    assert row.day.isoformat() == "2026-03-03"
    assert row.received_at == late
    assert row.position == at(7)
    assert row.event() == event
    (line,) = any_ledger.queries.history(event.complaint_id)
    assert (line.before, line.after, line.reason) == (None, State.RECEIVED, "taken_from_log")


def test_a_second_delivery_with_other_times_is_a_repeat(any_ledger: Ledger) -> None:
    event = make_event()
    any_ledger.record(event, at(0), NOON, WORKER)
    resealed = event.model_copy(update={"received_at": LATER, "sealed": "a.b.c.d.e"})
    row, recorded = any_ledger.record(resealed, at(1), NOON, WORKER)
    assert recorded is Recorded.REPEAT
    assert row.received_at == NOON


def test_other_content_under_one_id_is_noted_once_for_each(any_ledger: Ledger) -> None:
    event = make_event()
    any_ledger.record(event, at(0), NOON, WORKER)
    for text_ in ("B", "B", "C", "B"):
        other = event.model_copy(update={"text": text_})
        row, recorded = any_ledger.record(other, at(1), NOON, WORKER)
        assert recorded is Recorded.CONFLICT
        assert row.event().text == event.text
    reasons = [line.reason for line in any_ledger.queries.history(event.complaint_id)]
    assert reasons == ["taken_from_log", "conflicting_repeat", "conflicting_repeat"]


def test_a_move_needs_the_latest_version(any_ledger: Ledger) -> None:
    row = record(any_ledger)
    any_ledger.move(row, State.HELD, WORKER, "place_missing", NOON, hold_until=LATER)
    with pytest.raises(Stale):
        any_ledger.move(row, State.EXCLUDED, OPERATOR, "excluded", NOON)
    assert len(any_ledger.queries.history(row.complaint_id)) == 2


def test_a_move_that_the_table_lacks_is_refused(any_ledger: Ledger) -> None:
    row = record(any_ledger)
    with pytest.raises(NotAllowed):
        any_ledger.move(row, State.ENTERED, WORKER, "entered", NOON)
    with pytest.raises(NotAllowed):
        any_ledger.move(row, State.UNKNOWN, WORKER, "no_answer", NOON)
    assert any_ledger.queries.get(row.complaint_id) == row


def test_one_tracking_id_for_one_complaint(any_ledger: Ledger) -> None:
    rows = [any_ledger.claim(record(any_ledger, n), WORKER, NOON, LATER, "v3") for n in (0, 1)]
    first, second = (row for row in rows if row is not None)
    any_ledger.move(first, State.ENTERED, WORKER, "entered", NOON, tracking_id="9200001")
    with pytest.raises(TrackingIdTaken):
        any_ledger.move(second, State.ENTERED, WORKER, "entered", NOON, tracking_id="9200001")
    unchanged = any_ledger.queries.get(second.complaint_id)
    assert unchanged == second
    assert len(any_ledger.queries.history(second.complaint_id)) == 2


def test_of_many_who_claim_at_once_one_gets_it(any_ledger: Ledger) -> None:
    row = record(any_ledger)
    start = threading.Barrier(8)

    def claim(number: int) -> str | None:
        start.wait()
        try:
            claimed = any_ledger.claim(row, Actor(Who.WORKER, f"w{number}"), NOON, LATER, "v3")
        except Stale:
            return None
        return claimed.claimed_by if claimed else None

    with ThreadPoolExecutor(8) as pool:
        winners = [name for name in pool.map(claim, range(8)) if name]
    assert len(winners) == 1
    found = any_ledger.queries.get(row.complaint_id)
    assert found is not None
    assert found.claimed_by == winners[0]
    assert [line.reason for line in any_ledger.queries.history(row.complaint_id)] == [
        "taken_from_log",
        "claimed",
    ]


def test_many_record_the_same_event_at_once(any_ledger: Ledger) -> None:
    event = make_event()
    start = threading.Barrier(8)

    def take(offset: int) -> Recorded:
        start.wait()
        return any_ledger.record(event, at(offset), NOON, WORKER)[1]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(take, range(8)))
    assert sorted(outcomes) == [Recorded.NEW] + [Recorded.REPEAT] * 7
    assert len(any_ledger.queries.history(event.complaint_id)) == 1


def test_a_later_one_of_a_lane_waits_for_the_earlier(any_ledger: Ledger) -> None:
    first, second = record(any_ledger, 0, "lane"), record(any_ledger, 1, "lane")
    other = record(any_ledger, 2, "another")
    assert any_ledger.claim(second, WORKER, NOON, LATER, "v3") is None
    assert any_ledger.claim(other, WORKER, NOON, LATER, "v3") is not None
    sending = any_ledger.claim(first, WORKER, NOON, LATER, "v3")
    assert sending is not None
    assert any_ledger.claim(second, WORKER, NOON, LATER, "v3") is None
    any_ledger.move(sending, State.UNKNOWN, WORKER, "no_answer", NOON)
    assert any_ledger.claim(second, WORKER, NOON, LATER, "v3") is not None


def test_the_history_cannot_be_changed(any_ledger: Ledger, ledger_url: str) -> None:
    row = record(any_ledger)
    engine = open_engine(ledger_url)
    statements = ["UPDATE transition SET note = 'x'", "DELETE FROM transition"]
    if engine.dialect.name == "postgresql":
        statements += ["TRUNCATE transition", "DELETE FROM complaint"]
    for statement in statements:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()
    assert len(any_ledger.queries.history(row.complaint_id)) == 1


def test_migrations_make_what_the_code_sees(ledger_url: str) -> None:
    engine = open_engine(ledger_url)
    with pytest.raises(LedgerOutdated, match="gateway ledger migrate"):
        require_current(engine)
    assert migrate(engine) == migrate(engine)
    require_current(engine)
    found = inspect(engine)
    for table in metadata.tables.values():
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == set(table.columns.keys())
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, column
        made = {index["name"] for index in found.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= made
    engine.dispose()


def test_several_processes_may_migrate_at_once(ledger_url: str) -> None:
    def one(_: int) -> str:
        engine = open_engine(ledger_url)
        try:
            return migrate(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(one, range(4)))) == 1


def test_a_ledger_of_a_later_version_is_left_alone(ledger_url: str) -> None:
    engine = open_engine(ledger_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerOutdated, match="9999"):
        migrate(engine)
    with pytest.raises(LedgerOutdated, match="9999"):
        require_current(engine)
    engine.dispose()


def test_queries_give_what_is_due(any_ledger: Ledger) -> None:
    rows = [record(any_ledger, offset) for offset in range(4)]
    held = any_ledger.move(rows[0], State.HELD, WORKER, "place_missing", NOON, hold_until=LATER)
    claimed = any_ledger.claim(rows[1], WORKER, NOON, LATER, "v3")
    assert claimed is not None
    typed = any_ledger.claim(rows[2], OPERATOR, NOON, None, "assisted")
    assert typed is not None
    queries = any_ledger.queries
    assert [row.complaint_id for row in queries.due(NOON, 10)] == [rows[3].complaint_id]
    assert queries.due(NOON, 10, (rows[3].complaint_id,)) == []
    assert queries.ended_holds(NOON) == []
    assert queries.ended_holds(LATER) == [held]
    assert queries.claims(NOON) == []
    assert queries.claims(LATER) == [claimed]
    assert queries.claims() == [claimed]
    counts = queries.counts()
    assert (counts[State.RECEIVED], counts[State.HELD], counts[State.SENDING]) == (1, 1, 2)
    assert len(queries.standings(rows[0].day, rows[0].day, Channel.SMS)) == 4
    assert queries.standings(None, None, Channel.EMAIL) == []
    some = {rows[0].complaint_id, uuid4()}
    assert queries.has(some) == {rows[0].complaint_id}


def test_a_naive_time_is_refused(any_ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without zone"):
        any_ledger.queries.due(NOON.replace(tzinfo=None), 1)


@pytest.mark.postgres
def test_connections_that_the_server_cut_are_made_again(postgres_database: str) -> None:
    engine, other = open_engine(postgres_database), open_engine(postgres_database)
    migrate(engine)
    ledger = Ledger(engine, ZoneInfo("Asia/Jakarta"))
    row = record(ledger)
    with other.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert ledger.queries.get(row.complaint_id) == row
    other.dispose()
    ledger.close()


def test_a_server_that_is_away_is_said_without_the_password() -> None:
    (port,) = free_ports(1)
    engine = open_engine(f"postgresql+psycopg://someone:hidden-word@127.0.0.1:{port}/none")
    with pytest.raises(LedgerUnavailable) as caught:
        migrate(engine)
    assert "hidden-word" not in str(caught.value)
    assert "someone" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "postgresql+pg8000://x/y"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_engine(url)
