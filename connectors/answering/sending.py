"""From the outbox to the platforms: noted before the call, ended after it, never twice by itself.

``waiting → sending → sent | failed | unknown``, or ``waiting → suppressed``. A row found in
``sending`` at the start was cut off in the middle: nobody knows, so it is not sent again.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.answering.decide import day_start, facts, held_back, sentence, shown_provider_id
from connectors.answering.lanes import Lane, Lanes
from connectors.answering.nudge import Nudge, until
from connectors.answering.outbox import Outbox
from connectors.answering.rows import AnswerKey, AnswerState, Asked, Due, Standing
from connectors.answering.templates import Templates
from gateway.contract import Reply
from gateway.errors import CannotOpen, ReplyAway, ReplyRefused, ReplyUnknown
from gateway.metrics import REPLIES_WAITING, REPLY_OUTCOMES
from gateway.sealing import Opener
from normalizer.event import ReplyPath
from normalizer.outcome import ReplyKind

log = logging.getLogger(__name__)

#: Repliers have shorter time-outs of their own; this is for one that forgot.
CALL_SECONDS = 120.0

#: Calls side by side over all lanes.
_PLACES = 8

_FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a regency sets about answers."""

    daily_cap: int
    give_up: timedelta
    received_within: timedelta
    #: How long answers and sealed ways back are remembered.
    keep: timedelta
    zone: ZoneInfo
    #: What another process wrote into the outbox is seen after this.
    poll_seconds: float = 1.0
    #: How long a stop waits for calls in flight.
    finish_seconds: float = 25.0


class Sender:
    """Gives the answers of one outbox; its only owner."""

    def __init__(
        self,
        outbox: Outbox,
        lanes: Lanes,
        opener: Opener,
        templates: Templates,
        rules: Rules,
        nudge: Nudge,
        now: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._lanes = lanes
        self._opener = opener
        self._templates = templates
        self._rules = rules
        self._nudge = nudge
        self._now = now
        self._places = asyncio.Semaphore(_PLACES)
        self._stopping = False
        self._without: set[tuple[str, str]] = set()
        self._secret = _recipient_secret(opener)

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop`` is set; then finish the calls in flight and return.

        Raises:
            OutboxUnavailable: nothing is sent that cannot be noted.
        """
        for due in await asyncio.to_thread(self._outbox.recover, self._now()):
            _tell_end(due, AnswerState.UNKNOWN, "interrupted")
        self._nudge.ring()
        work = [self._loop(self._route), self._forget(), *map(self._run_lane, self._lanes.all)]
        tasks = [asyncio.create_task(one) for one in work]
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            self._stopping = True
            self._nudge.ring()
            await asyncio.wait(tasks, timeout=self._rules.finish_seconds)
        finally:
            for task in (stopped, *tasks):
                task.cancel()
            ends = await asyncio.gather(stopped, *tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _run_lane(self, lane: Lane) -> Coroutine[Any, Any, None]:
        return self._loop(lambda: self._next(lane))

    async def _loop(self, step: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        """Step by step until the stop; a pause whenever a step finds nothing to do."""
        while not self._stopping:
            changed = self._nudge.next
            if not await step() and not self._stopping:
                await until(changed, self._rules.poll_seconds)

    async def _forget(self) -> None:
        due_at = 0.0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            changed = self._nudge.next
            if loop.time() >= due_at:
                due_at = loop.time() + _FORGET_SECONDS
                await asyncio.to_thread(self._outbox.forget, self._now() - self._rules.keep)
            await until(changed, _FORGET_SECONDS)

    async def _route(self) -> bool:
        """Give waiting answers to their lanes; those that nobody can give end here."""
        found = await asyncio.to_thread(self._outbox.unrouted)
        routed: list[tuple[AnswerKey, str]] = []
        for due in found:
            lane = self._lanes.of(due.item)
            if lane is not None and due.item.reply_to is not None:
                routed.append((due.answer.key, lane))
                continue
            self._note_without(due)
            await self._end(due, AnswerState.SUPPRESSED, "no_replier")
        if routed:
            await asyncio.to_thread(self._outbox.route, routed)
            self._nudge.ring()
        REPLIES_WAITING.set(await asyncio.to_thread(self._outbox.waiting))
        return bool(found)

    def _note_without(self, due: Due) -> None:
        account = (due.item.channel, due.item.account)
        if account not in self._without:
            self._without.add(account)
            log.warning("replies.no_replier", extra={"channel": account[0], "account": account[1]})

    async def _next(self, lane: Lane) -> bool:
        """Give the lane's next answer; False when there is none, or the lane rests."""
        if self._now() < lane.rests_until:
            return False
        due = await asyncio.to_thread(self._outbox.due, lane.name, self._now())
        if due is None:
            return False
        async with self._places:
            if not self._stopping:
                await self._answer(lane, due)
        return True

    async def _answer(self, lane: Lane, due: Due) -> None:
        try:
            path = await asyncio.to_thread(self._opener.open_reply_path, due.item.reply_to or "")
        except CannotOpen:
            await self._end(due, AnswerState.FAILED, "cannot_open")
            return
        now = self._now()
        if reason := held_back(due, path, now, self._rules.received_within):
            await self._end(due, AnswerState.SUPPRESSED, reason)
            return
        reply = await self._words(lane, due, path)
        if reply is None:
            await self._end(due, AnswerState.SUPPRESSED, "public")
            return
        # What an operator sends again is not held back by the cap.
        first = due.answer.key.round == 1
        cap = (self._rules.daily_cap, day_start(now, self._rules.zone)) if first else None
        recipient = due.item.reporter_key or self._blind(path.address)
        if reason := await asyncio.to_thread(
            self._outbox.begin, due.answer.key, recipient, now, cap
        ):
            await self._end(due, AnswerState.SUPPRESSED, reason)
            return
        await self._hand_over(lane, due, path, reply)

    async def _words(self, lane: Lane, due: Due, path: ReplyPath) -> Reply | None:
        standing: Standing | None = None
        if due.answer.key.kind is ReplyKind.ENTERED:
            receipt = await asyncio.to_thread(self._outbox.receipt, due.item.complaint_id)
            standing = Standing(due.item.received_at, receipt)
        elif due.answer.asked is Asked.STATUS and due.answer.about is not None:
            standing = await asyncio.to_thread(
                self._outbox.standing, due.answer.about, due.item.reporter_key
            )
        words = self._templates.words(
            lane.replier.channel,
            sentence(due, path, standing),
            facts(due, standing, self._rules.zone),
        )
        if words is None:
            return None
        return Reply(due.answer.key.idempotency_key, words.text, words.subject)

    async def _hand_over(self, lane: Lane, due: Due, path: ReplyPath, reply: Reply) -> None:
        state, reason, provider_id = AnswerState.SENT, None, None
        try:
            async with asyncio.timeout(CALL_SECONDS):
                provider_id = await lane.replier.reply(path, reply)
        except ReplyAway as fault:
            await self._again_later(lane, due, fault)
            return
        except ReplyRefused as fault:
            state, reason = AnswerState.FAILED, fault.reason
        except (ReplyUnknown, TimeoutError):
            state, reason = AnswerState.UNKNOWN, "no_answer"
        except Exception as error:
            # A replier's own fault costs one answer, not all.
            log.exception(
                "reply.replier_failed", extra={**_ids(due), "error": type(error).__name__}
            )
            state, reason = AnswerState.UNKNOWN, "replier_failed"
        lane.well()
        kept = shown_provider_id(lane.replier.channel, provider_id, path.address)
        await self._end(due, state, reason, kept)

    async def _again_later(self, lane: Lane, due: Due, fault: ReplyAway) -> None:
        now, attempts = self._now(), due.answer.attempts + 1
        next_try_at = lane.away(fault, attempts, now)
        if now >= due.answer.created_at + self._rules.give_up:
            # What waited behind it as long would each wait for a rest of its own.
            before = now - self._rules.give_up
            behind = await asyncio.to_thread(self._outbox.waiting_since, lane.name, before)
            for overdue in (due, *behind):
                await self._end(overdue, AnswerState.FAILED, "gave_up")
            return
        await asyncio.to_thread(self._outbox.postpone, due.answer.key, next_try_at)
        delay = (next_try_at - now).total_seconds()
        extra = {**_ids(due), "reason": fault.reason, "attempt": attempts, "delay_seconds": delay}
        log.warning("reply.postponed", extra=extra)

    async def _end(
        self, due: Due, state: AnswerState, reason: str | None, provider_id: str | None = None
    ) -> None:
        await asyncio.to_thread(
            self._outbox.finish, due.answer.key, state, reason, self._now(), provider_id
        )
        _tell_end(due, state, reason)
        self._nudge.ring()

    def _blind(self, address: str) -> str:
        """Whom the cap counts where the event has no reporter key."""
        return hmac.digest(self._secret, address.encode(), "sha256").hex()[:32]


def _recipient_secret(opener: Opener) -> bytes:
    """Whoever has these bytes opens the addresses anyway; the outbox alone does not tell them."""
    newest = hashlib.sha256(b"replies: recipients")
    for kid in sorted(opener.keys):
        newest.update(opener.keys[kid].as_der(private=True))
    return newest.digest()


def _tell_end(due: Due, state: AnswerState, reason: str | None) -> None:
    REPLY_OUTCOMES.labels(due.item.channel, due.answer.key.kind, state).inc()
    extra = {**_ids(due), "state": state, "reason": reason}
    if state in (AnswerState.SENT, AnswerState.SUPPRESSED):
        log.info("reply.ended", extra=extra)
    else:
        log.warning("reply.ended", extra=extra)


def _ids(due: Due) -> dict[str, object]:
    return {
        "complaint_id": str(due.item.complaint_id),
        "channel": due.item.channel,
        "kind": due.answer.key.kind,
        "round": due.answer.key.round,
    }
