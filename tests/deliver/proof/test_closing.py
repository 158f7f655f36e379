"""Closed days: what they cover, and that a changed past is found and named, on both databases."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from deliver.ledger import Ledger
from deliver.proof.chain import GENESIS, ClosedDay, read_manifest
from deliver.proof.closings import AlreadyClosed, Closings, LedgerInUse
from deliver.proof.verify import Broken, verify
from deliver.proof.verify_words import line_of, verdict_json
from deliver.states import State
from deliver.tables import closed_day, transition
from tests.deliver.making import NOON, at, make_event
from tests.deliver.proof.conftest import tamper
from tests.deliver.running import DEADLINE_SECONDS, WORKER

MONDAY = date(2026, 3, 2)
NUMBERS = {"channels": {"sms": {"received": 2}}}


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def close(ledger: Ledger, number: int) -> ClosedDay:
    now = NOON + timedelta(days=number + 1, microseconds=number)
    return Closings(ledger.engine).close(day(number), NUMBERS, now, "operator")


def record(ledger: Ledger, offset: int) -> UUID:
    event = make_event()
    ledger.record(event, at(offset), NOON, WORKER)
    return event.complaint_id


def enter(ledger: Ledger, complaint_id: UUID, tracking_id: str) -> None:
    row = ledger.queries.get(complaint_id)
    assert row is not None
    claimed = ledger.claim(row, WORKER, NOON, NOON + timedelta(minutes=5), "v3")
    assert claimed is not None
    ledger.move(claimed, State.ENTERED, WORKER, "entered", NOON, "ada", tracking_id=tracking_id)


@pytest.fixture
def closed(any_ledger: Ledger) -> tuple[Ledger, UUID, UUID]:
    """Two complaints of Monday, one of them entered on Tuesday; three days closed; one later."""
    first, second = record(any_ledger, 0), record(any_ledger, 1)
    close(any_ledger, 0)
    enter(any_ledger, first, "9000001")
    close(any_ledger, 1)
    close(any_ledger, 2)
    record(any_ledger, 2)
    return any_ledger, first, second


def test_each_closing_goes_on_where_the_one_before_ended(
    closed: tuple[Ledger, UUID, UUID],
) -> None:
    ledger, first, _ = closed
    monday, tuesday, wednesday = Closings(ledger.engine).all()
    assert monday.previous_hash == GENESIS
    assert (tuesday.previous_hash, wednesday.previous_hash) == (monday.hash, tuesday.hash)
    assert [one.rows for one in (monday, tuesday, wednesday)] == [2, 2, 0]
    assert wednesday.through_seq == tuesday.through_seq > monday.through_seq
    assert all(one.hash == one.computed_hash() for one in (monday, tuesday, wednesday))
    manifest = read_manifest(tuesday.manifest)
    assert list(manifest["complaints"]) == list(manifest["entered"]) == [str(first)]
    verdict = verify(ledger.engine)
    assert verdict.intact
    assert (verdict.days, verdict.open_lines, verdict.last) == (3, 1, wednesday)
    assert Closings(ledger.engine).of(day(1)) == tuesday
    assert Closings(ledger.engine).last() == wednesday


def test_a_day_is_closed_once_and_never_before_a_later_one(
    closed: tuple[Ledger, UUID, UUID],
) -> None:
    ledger, _, _ = closed
    for number in (0, 2):
        with pytest.raises(AlreadyClosed, match="2026-03-04"):
            close(ledger, number)
    assert verify(ledger.engine).days == 3


def test_a_closing_cannot_be_changed_or_deleted(closed: tuple[Ledger, UUID, UUID]) -> None:
    ledger, _, _ = closed
    for statement in ("UPDATE closed_day SET hash = 'x'", "DELETE FROM closed_day"):
        with pytest.raises(DBAPIError), ledger.engine.begin() as connection:
            connection.execute(text(statement))


def test_an_empty_ledger_has_nothing_to_say(any_ledger: Ledger) -> None:
    verdict = verify(any_ledger.engine)
    assert (verdict.intact, verdict.days, verdict.last) == (True, 0, None)
    made = close(any_ledger, 0)
    assert (made.rows, made.through_seq) == (0, 0)
    assert verify(any_ledger.engine).intact


#: What somebody did to the past, what is found of it, and on which of the days.
TAMPERINGS = {
    "a note": (
        "UPDATE transition SET note = 'x' WHERE complaint_id = :first AND reason = 'entered'",
        Broken.LINE_CHANGED,
        1,
    ),
    "an actor": (
        "UPDATE transition SET actor = 'x' WHERE complaint_id = :first AND reason = 'entered'",
        Broken.LINE_CHANGED,
        1,
    ),
    "a time": (
        "UPDATE transition SET at = '2026-03-01 00:00:00.000000' "
        "WHERE complaint_id = :first AND reason = 'entered'",
        Broken.LINE_CHANGED,
        1,
    ),
    "a line": (
        "DELETE FROM transition WHERE complaint_id = :first AND reason = 'entered'",
        Broken.LINE_VANISHED,
        1,
    ),
    "a reference": (
        "UPDATE complaint SET reference = 'x' WHERE complaint_id = :second",
        Broken.COMPLAINT_CHANGED,
        0,
    ),
    "a day": (
        "UPDATE complaint SET day = '2026-03-01' WHERE complaint_id = :second",
        Broken.COMPLAINT_CHANGED,
        0,
    ),
    "a hash of what was said": (
        "UPDATE complaint SET content_hash = 'x' WHERE complaint_id = :second",
        Broken.COMPLAINT_CHANGED,
        0,
    ),
    "a place in the log": (
        "UPDATE complaint SET log_offset = 99 WHERE complaint_id = :second",
        Broken.COMPLAINT_CHANGED,
        0,
    ),
    "a complaint": (
        "DELETE FROM complaint WHERE complaint_id = :second",
        Broken.COMPLAINT_VANISHED,
        0,
    ),
    "a tracking id": (
        "UPDATE complaint SET tracking_id = '9000009' WHERE complaint_id = :first",
        Broken.ENTRY_CHANGED,
        1,
    ),
    "an entry": (
        "UPDATE complaint SET state = 'excluded' WHERE complaint_id = :first",
        Broken.ENTRY_CHANGED,
        1,
    ),
    "numbers": (
        "UPDATE closed_day SET numbers = '{}' WHERE day = '2026-03-03'",
        Broken.CLOSING_CHANGED,
        1,
    ),
    "a manifest": (
        "UPDATE closed_day SET manifest = 'x' WHERE day = '2026-03-03'",
        Broken.CLOSING_CHANGED,
        1,
    ),
    "a closing": ("DELETE FROM closed_day WHERE day = '2026-03-02'", Broken.CHAIN_BROKEN, 1),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_changed_past_is_named_with_its_day(closed: tuple[Ledger, UUID, UUID], name: str) -> None:
    ledger, first, second = closed
    statement, what, number = TAMPERINGS[name]
    bound = {"first": str(first)} if ":first" in statement else {}
    bound |= {"second": str(second)} if ":second" in statement else {}
    tamper(ledger, statement, **bound)
    verdict = verify(ledger.engine)
    found = verdict.breaks[0]
    assert (found.what, found.day) == (what, day(number))
    told = verdict_json(verdict, ledger.queries)
    assert told["first_changed_day"] == day(number).isoformat()
    assert line_of(found, ledger.queries).startswith(day(number).isoformat())
    if found.complaint_id is not None:
        assert found.complaint_id in (str(first), str(second))


def test_a_line_that_came_in_later_is_named(closed: tuple[Ledger, UUID, UUID]) -> None:
    ledger, first, _ = closed
    tamper(ledger, "DELETE FROM transition WHERE seq = 3")
    with ledger.engine.begin() as connection:
        connection.execute(insert(transition).values(**note_on(first), seq=3))
    assert [one.what for one in verify(ledger.engine).breaks] == [Broken.LINE_CHANGED]
    tamper(ledger, "UPDATE transition SET seq = 0 WHERE seq = 3")
    found = verify(ledger.engine).breaks
    assert [(one.what, one.seq) for one in found] == [(Broken.LINE_VANISHED, 3)]


def test_a_chain_made_anew_is_found_by_the_hash_on_paper(
    closed: tuple[Ledger, UUID, UUID],
) -> None:
    ledger, _, _ = closed
    days = Closings(ledger.engine).all()
    assert verify(ledger.engine, days[1].hash).intact
    tamper(ledger, "DELETE FROM closed_day")
    previous = GENESIS
    for one in days:
        made = replace(one, closed_by="somebody", previous_hash=previous)
        made = replace(made, hash=made.computed_hash())
        with ledger.engine.begin() as connection:
            connection.execute(insert(closed_day).values(**_values(made)))
        previous = made.hash
    assert verify(ledger.engine).intact
    (found,) = verify(ledger.engine, days[1].hash).breaks
    assert found.what is Broken.PAPER_UNKNOWN


def _values(closing: ClosedDay) -> dict[str, object]:
    return {name: getattr(closing, name) for name in closing.__dataclass_fields__}


def test_an_erasure_leaves_the_past_as_it_was(closed: tuple[Ledger, UUID, UUID]) -> None:
    ledger, first, _ = closed
    with ledger.engine.begin() as connection:
        connection.execute(
            text("UPDATE complaint SET event = '{}' WHERE complaint_id = :id"), {"id": str(first)}
        )
    ledger.note(first, WORKER, "identity_erased", NOON)
    assert verify(ledger.engine).intact


def test_many_close_at_once_and_the_chain_has_no_fork(any_ledger: Ledger) -> None:
    barrier = threading.Barrier(4)

    def work(number: int) -> bool:
        record(any_ledger, number)
        barrier.wait()
        try:
            close(any_ledger, number % 2)
        except AlreadyClosed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    days = Closings(any_ledger.engine).all()
    assert sum(done) == len(days) >= 1
    assert verify(any_ledger.engine).intact
    assert sum(one.rows for one in days) == 4


@pytest.mark.postgres
def test_a_line_that_commits_late_is_not_left_out(postgres_ledger: Ledger) -> None:
    """A lower number may become visible after a higher one: the closing waits for it."""
    ledger = postgres_ledger
    first, second = record(ledger, 0), record(ledger, 1)
    drawn, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with ledger.engine.begin() as connection:
            connection.execute(insert(transition).values(**note_on(first)))
            drawn.set()
            assert go_on.wait(DEADLINE_SECONDS)

    with ThreadPoolExecutor(2) as pool:
        writer = pool.submit(slow)
        assert drawn.wait(DEADLINE_SECONDS)
        ledger.note(second, WORKER, "looked_at", NOON)
        closing = pool.submit(close, ledger, 0)
        until_somebody_waits(ledger)
        assert not closing.done()
        go_on.set()
        writer.result(DEADLINE_SECONDS)
        assert closing.result(DEADLINE_SECONDS).rows == 4
    assert verify(ledger.engine).intact


@pytest.mark.postgres
def test_a_change_that_hangs_does_not_hang_the_closing(
    postgres_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliver.proof.closings._LOCK_SECONDS", 0.05)
    first = record(postgres_ledger, 0)
    with postgres_ledger.engine.begin() as connection:
        connection.execute(insert(transition).values(**note_on(first)))
        with pytest.raises(LedgerInUse):
            close(postgres_ledger, 0)
    assert close(postgres_ledger, 0).rows == 2


def note_on(complaint_id: UUID) -> dict[str, object]:
    return {
        "complaint_id": str(complaint_id),
        "at": NOON,
        "from_state": State.RECEIVED,
        "to_state": State.RECEIVED,
        "who": "operator",
        "actor": "slow",
        "reason": "looked_at",
    }


def until_somebody_waits(ledger: Ledger) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL")
    while True:
        with ledger.engine.begin() as connection:
            if connection.scalar(waiting):
                return
        assert time.monotonic() < deadline, "nobody waits for a lock"
        time.sleep(0.01)
