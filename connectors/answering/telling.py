"""How answers ended, onto the log: the ledger shows it beside the complaint."""

import asyncio
import logging

from connectors.answering.nudge import Nudge, until
from connectors.answering.outbox import Outbox
from connectors.answering.rows import AnswerKey
from gateway.cloudevents import replied_record
from gateway.errors import NotKept
from gateway.log import EventLog

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class Teller:
    """Publishes what is owed. After a crash an outcome may stand there twice, with the same id."""

    def __init__(
        self,
        outbox: Outbox,
        event_log: EventLog,
        topic: str,
        nudge: Nudge,
        poll_seconds: float,
    ) -> None:
        self._outbox = outbox
        self._log = event_log
        self._topic = topic
        self._nudge = nudge
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Publish for ever. Raises OutboxUnavailable."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            changed = self._nudge.next
            try:
                while await self.tell():
                    pause = _FIRST_PAUSE_SECONDS
            except NotKept as fault:
                log.warning(
                    "replies.outcome_not_kept",
                    extra={"error": type(fault).__name__, "delay_seconds": pause},
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                await until(changed, self._poll_seconds)

    async def tell(self) -> int:
        """Publish some of what is owed; how many there were.

        Raises:
            NotKept: the rest is owed until the next time.
            OutboxUnavailable: they may be published once more.
        """
        told: list[AnswerKey] = []
        try:
            for key, outcome in await asyncio.to_thread(self._outbox.owed):
                await self._log.append(self._topic, replied_record(outcome))
                told.append(key)
        finally:
            if told:
                await asyncio.to_thread(self._outbox.told, told)
        return len(told)
