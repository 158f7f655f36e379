"""The sender on a real outbox and a real platform, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.answering.desk import Desk
from connectors.answering.lanes import Lanes
from connectors.answering.nudge import Nudge
from connectors.answering.outbox import Outbox
from connectors.answering.reading import Keeper
from connectors.answering.rows import AnswerState, Due
from connectors.answering.sending import Rules, Sender
from connectors.answering.templates import load_templates
from gateway.contract import Replier
from gateway.log import Record
from gateway.sealing import Opener
from normalizer.event import Channel, ComplaintEvent
from normalizer.outcome import ReplyKind, ReplyOutcome, ReplyState
from tests.connectors.answering.making import Maker, stored, stored_event
from tests.connectors.answering.platform import HttpReplier, Platform
from tests.waiting import eventually

RULES = Rules(
    daily_cap=10,
    give_up=timedelta(hours=24),
    received_within=timedelta(hours=24),
    keep=timedelta(days=90),
    zone=ZoneInfo("Asia/Jakarta"),
    poll_seconds=0.02,
    finish_seconds=5.0,
)


@dataclass
class Bench:
    """One replies process without its log."""

    path: Path
    platform: Platform
    opener: Opener
    maker: Maker
    rules: Rules = RULES
    kinds: tuple[str, ...] = ("received", "entered")
    repliers: list[Replier] = field(default_factory=list)
    nudge: Nudge = field(default_factory=Nudge)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.path, tells_entered="entered" in self.kinds)

    @property
    def keeper(self) -> Keeper:
        return Keeper(
            self.outbox, "NGW", self.maker.clock.now, tells_received="received" in self.kinds
        )

    def replier(self, channel: Channel = Channel.TELEGRAM, account: str = "bot") -> None:
        self.repliers.append(HttpReplier(self.platform.url, channel, account))

    def note(self, *events: ComplaintEvent) -> None:
        """As if they had come from the log."""
        self.keeper.accepted([stored_event(event) for event in events])
        self.nudge.ring()

    def note_entered(self, *records: Record) -> None:
        self.keeper.entered([stored(record) for record in records])
        self.nudge.ring()

    @asynccontextmanager
    async def sending(self, **rules: object) -> AsyncIterator[asyncio.Event]:
        """The sender runs inside the block; a fault of it ends the block."""
        stop = asyncio.Event()
        sender = Sender(
            self.outbox,
            Lanes(self.repliers),
            self.opener,
            load_templates(None, "NGW"),
            replace(self.rules, **rules),  # type: ignore[arg-type]  # names of its fields
            self.nudge,
            self.maker.clock.now,
        )
        self._task = task = asyncio.create_task(sender.run(stop))
        try:
            yield stop
        finally:
            stop.set()
            await task

    def outcomes(self) -> Sequence[ReplyOutcome]:
        return [outcome for _, outcome in self.outbox.owed()]

    def ends(self) -> Sequence[tuple[ReplyKind, ReplyState, str | None]]:
        """Kind, state and reason of what has ended, in a fixed order."""
        return sorted((one.kind, one.state, one.reason) for one in self.outcomes())

    async def ended(self, count: int) -> Sequence[ReplyOutcome]:
        """All outcomes, once there are so many."""

        async def enough() -> Sequence[ReplyOutcome] | None:
            found = self.outcomes()
            return found if len(found) >= count else None

        found = await eventually(enough, f"{count} ends")
        assert len(found) == count
        return found

    async def fallen(self) -> None:
        """The sender ended by itself."""
        await asyncio.wait({self._task})

    async def called(self, count: int) -> None:
        async def enough() -> bool:
            return self.platform.calls >= count

        await eventually(enough, f"{count} calls")

    def standing_in(self, state: AnswerState) -> Sequence[Due]:
        """As an operator sees them."""
        desk = Desk(self.path, "NGW")
        try:
            return desk.listed([state], 100)
        finally:
            desk.close()

    async def postponed(self, attempts: int = 1) -> None:
        """So many attempts found the platform away, and are noted."""

        async def noted() -> bool:
            waiting = self.standing_in(AnswerState.WAITING)
            return sum(due.answer.attempts for due in waiting) == attempts

        await eventually(noted, "postponed")

    async def close(self) -> None:
        for replier in self.repliers:
            await replier.close()
        self.outbox.close()
