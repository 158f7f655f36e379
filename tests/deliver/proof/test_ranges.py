"""Range arithmetic against plain sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from deliver.proof import ranges
from deliver.proof.ranges import Range

#: Small numbers, so that ranges meet, touch and overlap often.
RANGES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 6)).map(lambda pair: (pair[0], sum(pair))),
    max_size=8,
)


def plain(found: ranges.Ranges) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


def assert_tidy(found: ranges.Ranges) -> None:
    assert all(first <= last for first, last in found)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(found)), "never touching"


@given(RANGES, RANGES)
def test_union(one: list[Range], other: list[Range]) -> None:
    found = ranges.union(one, other)
    assert_tidy(found)
    assert plain(found) == plain(one) | plain(other)


@given(RANGES, RANGES)
def test_without(one: list[Range], other: list[Range]) -> None:
    found = ranges.without(one, other)
    assert_tidy(found)
    assert plain(found) == plain(one) - plain(other)


@given(st.lists(st.integers(0, 40)))
def test_numbers_and_back(given_numbers: list[int]) -> None:
    found = ranges.of_numbers(given_numbers)
    assert_tidy(found)
    assert plain(found) == set(given_numbers)
    assert ranges.size(found) == len(set(given_numbers))


def test_shown_as_people_write_it() -> None:
    assert ranges.shown([(7, 7), (1004, 1006)]) == "7, 1004–1006"
    assert ranges.shown([]) == ""


def test_a_large_mailbox_costs_nothing() -> None:
    assert ranges.without([(1, 4_000_000_000)], [(12, 12)]) == [(1, 11), (13, 4_000_000_000)]
