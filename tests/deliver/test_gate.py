"""The gate, the lanes and the offsets by themselves."""

import asyncio

import pytest

from deliver.gate import Gate, GateClosed, Pauses
from deliver.lanes import Lanes
from deliver.offsets import Offsets
from tests.deliver.making import at

PAUSES = Pauses(first_seconds=1, max_seconds=60, no_answer_max_seconds=900)


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now += seconds


async def for_ever(_: float) -> None:
    await asyncio.Event().wait()


def make_gate() -> tuple[Gate, Time]:
    time = Time()
    return Gate(PAUSES, time.sleep, lambda: time.now), time


def test_pauses_double_up_to_the_limit_of_the_reason() -> None:
    assert [PAUSES.after(n, "unreachable") for n in (1, 2, 3, 7, 5000)] == [1, 2, 4, 60, 60]
    assert PAUSES.after(5000, "no_answer") == 900


async def test_after_a_failure_one_goes_first_and_success_opens() -> None:
    gate, time = make_gate()
    async with gate.passage() as passage:
        assert not passage.probe
        assert passage.failed("unreachable") == 1
    assert not gate.is_open
    inside: list[str] = []
    release = asyncio.Event()

    async def go(name: str) -> None:
        async with gate.passage() as mine:
            inside.append(name)
            if mine.probe:
                await release.wait()
                mine.answered()

    tasks = [asyncio.create_task(go(name)) for name in "abc"]
    while not inside:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert inside == ["a"]
    assert time.slept == [1]
    release.set()
    await asyncio.gather(*tasks)
    assert inside == ["a", "b", "c"]
    assert gate.is_open


async def test_eight_failures_at_once_count_as_one() -> None:
    gate, _ = make_gate()
    ready = asyncio.Barrier(8)

    async def fail() -> float:
        async with gate.passage() as passage:
            await ready.wait()
            return passage.failed("no_answer")

    assert await asyncio.gather(*(fail() for _ in range(8))) == [1] * 8


async def test_a_late_success_does_not_open_what_failed_since() -> None:
    gate, _ = make_gate()
    async with gate.passage() as early:
        async with gate.passage() as failing:
            failing.failed("busy", 7)
        early.answered()
    assert not gate.is_open


async def test_told_waits_win_when_longer_and_failures_add_up() -> None:
    gate, time = make_gate()
    async with gate.passage() as passage:
        assert passage.failed("busy", 7) == 7
    for expected in (2, 4, 8):
        async with gate.passage() as passage:
            assert passage.probe
            assert passage.failed("unreachable") == expected
    assert time.slept == [7, 2, 4]


async def test_a_probe_that_says_nothing_lets_the_next_one_try() -> None:
    gate, _ = make_gate()
    async with gate.passage() as passage:
        passage.failed("busy")
    for _ in range(2):
        async with gate.passage() as passage:
            assert passage.probe


async def test_a_cancelled_probe_lets_the_next_one_try() -> None:
    gate, time = make_gate()
    async with gate.passage() as passage:
        passage.failed("busy")
    gate._sleep = for_ever

    async def go() -> None:
        async with gate.passage():
            pass

    first, second = asyncio.create_task(go()), asyncio.create_task(go())
    await asyncio.sleep(0.01)
    gate._sleep = time.sleep
    first.cancel()
    await asyncio.wait_for(second, 5)


async def test_a_shut_gate_sends_everybody_away() -> None:
    gate, _ = make_gate()
    async with gate.passage() as passage:
        passage.failed("busy", 7)
    gate._sleep = for_ever

    async def go() -> None:
        async with gate.passage():
            pass

    waiting = [asyncio.create_task(go()) for _ in range(3)]
    await asyncio.sleep(0.01)
    gate.shut()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [GateClosed] * 3


async def test_lanes_keep_order_and_limit() -> None:
    lanes = Lanes(2, lambda fault: pytest.fail(repr(fault)))
    running: set[str] = set()
    most = 0
    done: list[tuple[str, int]] = []

    def job(lane: str, number: int) -> None:
        async def work() -> None:
            nonlocal most
            assert lane not in running
            running.add(lane)
            most = max(most, len(running))
            await asyncio.sleep(0.001)
            running.remove(lane)
            done.append((lane, number))

        lanes.submit(lane, work)

    for number in range(5):
        for lane in "abc":
            job(lane, number)
    while len(done) < 15:
        await asyncio.sleep(0.001)
    await lanes.close(1)
    assert most == 2
    for lane in "abc":
        assert [n for name, n in done if name == lane] == [0, 1, 2, 3, 4]


async def test_closed_lanes_begin_nothing_and_a_fault_is_handed_on() -> None:
    faults: list[BaseException] = []
    lanes = Lanes(1, faults.append)
    begun: list[int] = []

    async def fails() -> None:
        begun.append(1)
        raise RuntimeError

    async def never() -> None:
        begun.append(2)

    lanes.submit("a", fails)
    lanes.submit("a", never)
    lanes.submit("b", never)
    await asyncio.sleep(0.01)
    await lanes.close(1)
    assert begun == [1]
    assert [type(fault) for fault in faults] == [RuntimeError]


def test_only_what_is_settled_from_the_front_is_committed() -> None:
    offsets = Offsets()
    for offset in (5, 6, 9):
        offsets.taken(at(offset))
    offsets.taken(at(3, partition=1))
    assert offsets.committable() == {}
    offsets.settled(at(6))
    assert offsets.committable() == {}
    offsets.settled(at(5))
    assert offsets.committable() == {0: 9}
    offsets.committed({0: 9})
    assert offsets.committable() == {}
    offsets.settled(at(9))
    offsets.settled(at(3, partition=1))
    offsets.settled(at(77, partition=4))
    assert offsets.committable() == {0: 10, 1: 4}
