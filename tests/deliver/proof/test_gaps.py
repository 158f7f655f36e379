"""Counts at the sources against what we have."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from deliver.proof import ranges
from deliver.proof.findings import Finding, Kind
from deliver.proof.gaps import Ours, SourceLine, compare
from deliver.proof.period import Period
from deliver.proof.sources import Scope
from deliver.proof.words import advice_of, what_of
from normalizer.count import SourceCount
from normalizer.event import Channel
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import NOON

LATER = NOON + timedelta(hours=1)
NEXT_DAY = NOON + timedelta(days=1)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def ours(numbers: Collection[int] = (), items: Collection[UUID] = (), amount: int = 0) -> Ours:
    def known(_: Scope, first: int, last: int) -> ranges.Ranges:
        return ranges.of_numbers(one for one in numbers if first <= one <= last)

    return Ours(known, lambda wanted: set(wanted) & set(items), lambda _: amount)


def telegram(*numbers: tuple[int, int], **changed: object) -> SourceCount:
    values: dict[str, object] = {
        "channel": Channel.TELEGRAM,
        "account": "bot1",
        "counted_at": NOON,
        "numbers": numbers,
    }
    return SourceCount.model_validate(values | changed)


def compared(
    counts: Sequence[SourceCount], had: Ours, period: Period | None = None
) -> tuple[Sequence[SourceLine], Sequence[Finding]]:
    return compare(counts, had, period or Period(), JAKARTA, settled_by=NEXT_DAY)


def test_a_gap_is_named_with_source_day_and_range() -> None:
    (line,), (found,) = compared(
        [telegram((1001, 1003)), telegram((1003, 1010), counted_at=LATER)],
        ours([1001, 1002, 1003, 1007, 1008, 1009, 1010]),
    )
    assert (line.listed, line.accounted, line.missing, line.waiting) == (10, 7, 3, 0)
    assert (found.kind, found.day) == (Kind.NUMBER_MISSING, MONDAY)
    assert what_of(found).startswith("telegram/bot1: pembaruan 1004–1006 ")
    assert advice_of(found)


def test_a_number_is_missing_on_the_day_on_which_it_was_first_told() -> None:
    counts = [telegram((1, 2)), telegram((1, 4), counted_at=NEXT_DAY)]
    (line,), found = compared(counts, ours([1, 4]))
    assert line.missing == 2
    assert [(one.where, one.day) for one in found] == [("2", MONDAY), ("3", TUESDAY)]


def test_what_the_source_calls_no_item_is_not_missing() -> None:
    count = telegram((1, 5), ignored=(((2, 3), "service"),))
    (line,), found = compared([count], ours([1, 4, 5]))
    assert (line.listed, line.accounted, line.ignored, line.missing) == (5, 3, 2, 0)
    assert found == []


def test_what_was_told_just_now_is_on_its_way() -> None:
    late = telegram((1, 9), counted_at=NEXT_DAY + timedelta(seconds=1))
    (line,), found = compared([telegram((1, 4)), late], ours([1, 2, 4, 6]))
    assert (line.accounted, line.waiting, line.missing) == (4, 4, 1)
    assert [one.where for one in found] == ["3"]


def test_every_uidvalidity_counts_by_itself() -> None:
    mail = {"channel": Channel.EMAIL, "account": "aduan"}
    counts = [telegram((12, 12), scope=scope, **mail) for scope in ("7", "8")]
    lines, found = compared(counts, ours())
    assert len(lines) == 2
    assert [what_of(one).split(" diberikan")[0] for one in found] == [
        "email/aduan uidvalidity 7: UID 12",
        "email/aduan uidvalidity 8: UID 12",
    ]


def test_an_item_of_the_providers_list_is_named_by_its_id() -> None:
    here, lost = uuid4(), uuid4()
    count = SourceCount(channel=Channel.SMS, account="1708", counted_at=NOON, items=(here, lost))
    (line,), (found,) = compared([count], ours(items=[here]))
    assert (line.listed, line.accounted, line.missing) == (2, 1, 1)
    assert found.item_id == lost
    assert what_of(found) == (
        f"sms/1708: 1 pesan di daftar penyedia tidak ada pada kita: id {lost}"
    )


def box(amount: int, **changed: object) -> SourceCount:
    values: dict[str, object] = {
        "channel": Channel.COMPLAINT_BOX,
        "account": "K1",
        "scope": "K1/2026-03-02",
        "counted_at": NOON,
        "amount": amount,
        "counted_by": "petugas",
    }
    return SourceCount.model_validate(values | changed)


def test_slips_counted_by_hand() -> None:
    (line,), (found,) = compared([box(12)], ours(amount=11))
    assert (line.listed, line.accounted, line.missing) == (12, 11, 1)
    assert what_of(found).startswith("kotak K1 bukaan K1/2026-03-02: 12 dihitung, 11 tercatat")
    _, (over,) = compared([box(10)], ours(amount=11))
    assert over.kind is Kind.AMOUNT_OVER
    assert compared([box(11)], ours(amount=11))[1] == []


def test_a_later_count_of_a_batch_corrects_the_first_even_after_the_period() -> None:
    counts = [box(12), box(11, counted_at=NEXT_DAY)]
    (line,), found = compared(counts, ours(amount=11), Period(MONDAY, MONDAY))
    assert (line.listed, found) == (11, [])


def test_only_what_was_counted_in_the_period_and_on_the_channel() -> None:
    counts = [telegram((1, 1)), telegram((2, 2), counted_at=NEXT_DAY)]
    assert [one.where for one in compared(counts, ours(), Period(TUESDAY, TUESDAY))[1]] == ["2"]
    assert compared(counts, ours(), Period(channel=Channel.EMAIL)) == ([], [])


NUMBERS = st.sets(st.integers(0, 30), max_size=20)


@given(st.lists(NUMBERS, min_size=1, max_size=4), NUMBERS, NUMBERS)
def test_nothing_is_lost_between_the_columns(
    told: list[set[int]], ignored: set[int], had: set[int]
) -> None:
    counts = [
        telegram(
            *ranges.of_numbers(numbers),
            counted_at=NOON + timedelta(hours=16 * at),
            ignored=tuple(((one, one), "service") for one in sorted(ignored)),
        )
        for at, numbers in enumerate(told)
    ]
    (line,), found = compared(counts, ours(had))
    expected = set().union(*told) - ignored
    assert line.listed == line.accounted + line.ignored + line.waiting + line.missing
    assert line.accounted == len(expected & had)
    assert line.missing + line.waiting == len(expected - had)
    named = ", ".join(one.where for one in found)
    assert line.missing == 0 or named
