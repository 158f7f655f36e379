"""Random orders of takes, repeats, claims, answers, falls and operators' acts."""

import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from deliver.database import migrate, open_engine
from deliver.desk import Desk
from deliver.ledger import Ledger, LedgerConflict
from deliver.rows import LedgerRow
from deliver.states import SETTLED, TRANSITIONS, Actor, State, Who, may_move
from normalizer.event import ComplaintEvent
from tests.deliver.making import NOON, at, make_event

WORKERS = (Actor(Who.WORKER, "w1"), Actor(Who.WORKER, "w2"))
OPERATOR = Actor(Who.OPERATOR, "o")


def test_every_state_can_be_reached_and_only_entered_is_final() -> None:
    reached = {after for _, after in TRANSITIONS}
    left = {before for before, _ in TRANSITIONS}
    assert reached == set(State)
    assert set(State) - left == {State.ENTERED}


def test_only_a_person_brings_back_what_is_settled() -> None:
    for (before, after), who in TRANSITIONS.items():
        if before in SETTLED - {State.HELD} and after is State.RECEIVED:
            assert who == {Who.OPERATOR}


def test_nobody_enters_without_having_it_in_hand_or_looking() -> None:
    assert not may_move(State.RECEIVED, State.ENTERED, Who.WORKER)
    assert not may_move(State.RECEIVED, State.ENTERED, Who.OPERATOR)
    assert not may_move(State.UNKNOWN, State.RECEIVED, Who.WORKER)


Seen = LedgerRow | MultipleResults[LedgerRow]


class LedgerMachine(RuleBasedStateMachine):
    """A ledger in the hands of two workers and an operator, who may act on old knowledge."""

    events: Bundle[ComplaintEvent] = Bundle("events")
    seen: Bundle[LedgerRow] = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self._dir = tempfile.TemporaryDirectory()
        self._open()
        self.offset = 0
        self.taken: set[UUID] = set()
        #: How often each was sent, and since when an answer may be outstanding.
        self.sent: dict[UUID, int] = {}
        self.allowed: dict[UUID, int] = {}
        self.numbers = 0

    def _open(self) -> None:
        engine = open_engine(f"sqlite:///{Path(self._dir.name) / 'ledger.db'}")
        migrate(engine)
        self.ledger = Ledger(engine, ZoneInfo("Asia/Jakarta"))
        self.desk = Desk(self.ledger, OPERATOR, lambda: NOON)

    @rule(target=events, lane=st.sampled_from(["a", "b"]))
    def arrives(self, lane: str) -> ComplaintEvent:
        return make_event(reporter_key=lane)

    @rule(target=seen, event=events, by=st.sampled_from(WORKERS))
    def take(self, event: ComplaintEvent, by: Actor) -> LedgerRow:
        row, _ = self.ledger.record(event, at(self.offset), NOON, by)
        self.offset += 1
        self.taken.add(event.complaint_id)
        self.allowed.setdefault(event.complaint_id, 1)
        return row

    @rule(target=seen, row=seen)
    def look_again(self, row: LedgerRow) -> LedgerRow:
        found = self.ledger.queries.get(row.complaint_id)
        assert found is not None
        return found

    @rule(
        target=seen,
        row=seen,
        by=st.sampled_from(WORKERS),
        answer=st.sampled_from(["ok", "refused", "not_sent", "none", "fell"]),
    )
    def send(self, row: LedgerRow, by: Actor, answer: str) -> Seen:
        try:
            claimed = self.ledger.claim(row, by, NOON, NOON + timedelta(seconds=1), "v3")
        except LedgerConflict:
            return multiple()
        if claimed is None:
            return multiple()
        self.sent[row.complaint_id] = self.sent.get(row.complaint_id, 0) + 1
        self.numbers += 1
        if answer == "ok":
            return self.ledger.move(
                claimed, State.ENTERED, by, "entered", NOON, tracking_id=str(self.numbers)
            )
        if answer == "not_sent":
            self.sent[row.complaint_id] -= 1
            return self.ledger.move(claimed, State.RECEIVED, by, "busy", NOON)
        if answer == "refused":
            self.sent[row.complaint_id] -= 1
            return self.ledger.move(claimed, State.PARKED, by, "refused", NOON)
        if answer == "none":
            return self.ledger.move(claimed, State.UNKNOWN, by, "no_answer", NOON)
        return claimed

    @rule()
    def restart(self) -> None:
        """Claims of those who fell are given up; everything else is as it was."""
        self.ledger.close()
        self._open()
        for row in self.ledger.queries.claims():
            self.ledger.move(row, State.UNKNOWN, WORKERS[0], "worker_restarted", NOON)

    @rule(target=seen, row=seen)
    def operator_resends(self, row: LedgerRow) -> Seen:
        try:
            moved = self.desk.resend(row)
        except LedgerConflict:
            return multiple()
        # A person looked and vouches that it is not there.
        self.sent[row.complaint_id] = 0
        return moved

    @rule(target=seen, row=seen, act=st.sampled_from(["exclude", "release", "found", "done"]))
    def operator_acts(self, row: LedgerRow, act: str) -> Seen:
        self.numbers += 1
        number = str(self.numbers)
        try:
            if act == "exclude":
                return self.desk.exclude(row, "bukan aduan")
            if act == "release":
                return self.desk.release(row)
            if act == "found":
                return self.desk.found(row, number)
            return self.desk.done(row, number)
        except LedgerConflict:
            return multiple()

    @invariant()
    def never_sent_twice_without_a_person_in_between(self) -> None:
        assert all(count <= 1 for count in self.sent.values())

    @invariant()
    def everything_taken_is_there_once(self) -> None:
        assert sum(self.ledger.queries.counts().values()) == len(self.taken)

    @invariant()
    def the_history_explains_the_state(self) -> None:
        for complaint_id in self.taken:
            row = self.ledger.queries.get(complaint_id)
            assert row is not None
            lines = self.ledger.queries.history(complaint_id)
            assert lines[0].before is None
            for earlier, later in pairwise(lines):
                assert later.before is earlier.after
                assert may_move(later.before, later.after, later.who)
            assert lines[-1].after is row.state
            assert (row.state is State.ENTERED) == (row.tracking_id is not None)

    def teardown(self) -> None:
        self.ledger.close()
        self._dir.cleanup()


TestLedgerMachine = LedgerMachine.TestCase
# Every step is a real transaction with fsync: few examples, long enough to meet each other.
TestLedgerMachine.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
