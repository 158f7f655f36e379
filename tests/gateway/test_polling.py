"""The polling driver against the promises of the contract: kept, then settled, nothing twice."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from gateway.contract import Delivery, Item, Kept
from gateway.errors import NotConnected, NotKept
from gateway.polling import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PollingDriver
from normalizer.draft import Draft
from normalizer.event import Channel


def draft(number: int) -> Draft:
    return Draft(channel=Channel.EMAIL, account="a", raw=b"x", source_id=str(number))


class Source:
    """A polled source with a script: an item, or a state to raise."""

    channel = Channel.EMAIL
    account = "a"

    def __init__(self, *script: Item | NotConnected) -> None:
        self.script = list(script)
        self.settled: list[str] = []
        self.connections = 0
        self.closes = 0
        self.empty = asyncio.Event()

    async def connect(self) -> None:
        self.connections += 1

    async def receive(self) -> Delivery:
        if not self.script:
            self.empty.set()
            await asyncio.Event().wait()
        step = self.script.pop(0)
        if isinstance(step, NotConnected):
            raise step
        return Delivery(step, self._settle(str(step.source_id)))

    def _settle(self, name: str) -> Callable[[], "asyncio.Future[None]"]:
        def settle() -> "asyncio.Future[None]":
            self.settled.append(name)
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

        return settle

    async def close(self) -> None:
        self.closes += 1


class Door:
    """A door that fails as often as told, then keeps."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.kept: list[str] = []
        self.entered = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def accept(self, item: Item) -> Kept:
        self.entered.set()
        await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise NotKept
        self.kept.append(str(item.source_id))
        return Kept(uuid4(), "NGW-26-00000000")


async def drive(source: Source, door: Door) -> list[float]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    task = asyncio.create_task(PollingDriver(source, door, sleep).run())
    await asyncio.wait_for(source.empty.wait(), 5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return pauses


async def test_each_item_is_kept_then_settled_in_order() -> None:
    source, door = Source(draft(1), draft(2), draft(3)), Door()
    await drive(source, door)
    assert door.kept == source.settled == ["1", "2", "3"]
    assert source.closes == source.connections == 1


async def test_nothing_is_settled_or_received_while_the_log_is_away() -> None:
    source, door = Source(draft(1), draft(2)), Door(failures=3)
    pauses = await drive(source, door)
    assert source.settled == ["1", "2"]
    assert pauses == [1.0, 2.0, 4.0]


async def test_reconnects_with_growing_pauses_that_end() -> None:
    source, door = Source(*(NotConnected() for _ in range(9)), draft(1)), Door()
    pauses = await drive(source, door)
    assert pauses[0] == FIRST_PAUSE_SECONDS
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert source.connections == 10
    assert source.settled == ["1"]


async def test_an_item_at_hand_resets_the_pause() -> None:
    source, door = (
        Source(NotConnected(), NotConnected(), draft(1), NotConnected(), draft(2)),
        Door(),
    )
    assert await drive(source, door) == [1.0, 2.0, 1.0]


async def test_a_stop_between_kept_and_settled_waits_for_the_settling() -> None:
    source, door = Source(draft(1)), Door()
    door.hold.clear()
    task = asyncio.create_task(PollingDriver(source, door).run())
    await asyncio.wait_for(door.entered.wait(), 5)
    task.cancel()
    await asyncio.sleep(0)
    door.hold.set()
    with suppress(asyncio.CancelledError):
        await task
    assert door.kept == source.settled == ["1"]
