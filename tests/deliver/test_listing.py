"""Lists of the ledger on both databases."""

from datetime import timedelta
from uuid import UUID

import pytest

from deliver.ledger import Ledger
from deliver.listing import Cursor, Filter
from deliver.states import Actor, State, Who
from normalizer.event import Channel, Place, PlacePrecision
from tests.deliver.making import NOON, at, make_event

WORKER = Actor(Who.WORKER, "w1")
PERSON = Actor(Who.OPERATOR, "u-1")


def placed(code: str) -> Place:
    return Place(code=code, precision=PlacePrecision.VILLAGE, gazetteer="test")


@pytest.mark.parametrize("newest_first", [False, True])
def test_every_row_stands_on_one_page(any_ledger: Ledger, newest_first: bool) -> None:
    made = [
        # Three of each time, so that pages end in the middle of one.
        any_ledger.record(
            make_event(received_at=NOON + timedelta(microseconds=number // 3)),
            at(number), NOON, WORKER,
        )[0]
        for number in range(11)
    ]  # fmt: skip
    seen: list[UUID] = []
    after: Cursor | None = None
    while page := any_ledger.listing.page(Filter(), 4, after, newest_first=newest_first):
        seen += [row.complaint_id for row in page]
        after = Cursor.after(page[-1])
    expected = sorted(made, key=lambda row: (row.received_at, str(row.complaint_id)))
    if newest_first:
        expected.reverse()
    assert seen == [row.complaint_id for row in expected]


def test_filters(any_ledger: Ledger) -> None:
    # A text that looks like the place of another kecamatan is still a text.
    quoting = make_event(text='"place":{"code":"35.21.10', place=placed("35.21.09.2001"))
    paron = make_event(place=placed("35.21.10.2002"), channel=Channel.X)
    for number, event in enumerate((quoting, paron)):
        any_ledger.record(event, at(number), NOON, WORKER)

    def found(wanted: Filter) -> list[UUID]:
        return [row.complaint_id for row in any_ledger.listing.page(wanted, 10)]

    assert found(Filter(kecamatan="35.21.10")) == [paron.complaint_id]
    assert found(Filter(kecamatan="35.21.09")) == [quoting.complaint_id]
    assert found(Filter(kecamatan="35.21.1%")) == []
    assert found(Filter(channel=Channel.X)) == [paron.complaint_id]
    assert found(Filter(day=(NOON - timedelta(days=1)).date())) == []
    assert found(Filter(states=(State.ENTERED,))) == []
    assert len(found(Filter(states=(State.RECEIVED, State.HELD), day=NOON.date()))) == 2


def test_what_a_person_has_in_hand_and_what_a_worker_has(any_ledger: Ledger) -> None:
    rows = [any_ledger.record(make_event(), at(n), NOON, WORKER)[0] for n in range(3)]
    any_ledger.claim(rows[0], PERSON, NOON, None, "assisted")
    any_ledger.claim(rows[1], WORKER, NOON, NOON + timedelta(minutes=1), "v3")
    listing = any_ledger.listing
    assert [row.complaint_id for row in listing.in_hand("u-1")] == [rows[0].complaint_id]
    assert listing.in_hand("w1") == []
    states = listing.states_of([row.complaint_id for row in rows])
    assert [states[row.complaint_id] for row in rows] == [
        State.SENDING, State.SENDING, State.RECEIVED,
    ]  # fmt: skip
    assert listing.states_of([]) == {}
    assert listing.in_lapor(rows[0].complaint_id) is None
    assert listing.lapor_statuses() == {}
    assert listing.closed_days(5) == []
