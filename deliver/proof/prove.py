"""The whole proof in one pass: sources, log, ledger and its history; then LAPOR, if asked."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deliver.ledger import Ledger
from deliver.proof import ranges
from deliver.proof.books import Books
from deliver.proof.findings import Finding, Kind
from deliver.proof.gaps import Ours, SourceLine, compare
from deliver.proof.lapor import Match
from deliver.proof.logged import Logged, came_meanwhile, read_log
from deliver.proof.period import Period
from deliver.proof.places import from_earlier_log, lost_from_log
from deliver.proof.settings import ProofSettings
from deliver.proof.sources import Scope
from deliver.reconcile import Report, equation
from deliver.settings import GROUP
from gateway.log import EventLog
from gateway.settings import DAY_SECONDS, TopicSettings
from normalizer.count import SourceCount


@dataclass(frozen=True, slots=True)
class Proof:
    """The equation, the counts at the sources, and by name whatever does not hold."""

    period: Period
    report: Report
    sources: Sequence[SourceLine]
    findings: Sequence[Finding]
    #: Complaints that an earlier log brought: there is nothing to compare them with.
    from_earlier_log: int
    #: None: LAPOR was not asked.
    lapor: Match | None = None

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing anywhere."""
        return not self.findings

    def with_lapor(self, match: Match) -> "Proof":
        """The same with what LAPOR said."""
        return replace(self, lapor=match, findings=[*self.findings, *match.findings])


@dataclass(frozen=True, slots=True)
class Desk:
    """What the proof is made from."""

    event_log: EventLog
    topics: TopicSettings
    ledger: Ledger
    books: Books
    zone: ZoneInfo
    settings: ProofSettings


async def prove(desk: Desk, period: Period, now: datetime) -> Proof:
    """Compare everything with everything. It takes counts and numbers into the ledger on its way.

    Raises:
        LogUnavailable, LedgerUnavailable.
    """
    # Counts first: what a source told before its item was appended is then in the log below.
    await _take_counts(desk)
    since = _beginning(period, desk.zone)
    counts = await asyncio.to_thread(desk.ledger.sources.counts, since, period.channel)
    logged = await read_log(desk.event_log, desk.topics, desk.zone)
    # The rejected topic forgets; the ledger does not.
    await asyncio.to_thread(desk.ledger.sources.remember, logged.rejected_numbers())
    report = await asyncio.to_thread(equation, logged, desk.ledger.queries, period)
    places = await asyncio.to_thread(desk.books.places, period, desk.topics.accepted)
    ids = logged.items.keys() | await came_meanwhile(desk.event_log, desk.topics, logged)
    kept_since = now - timedelta(seconds=desk.topics.accepted_days * DAY_SECONDS)
    earlier, comparable = from_earlier_log(places, ids, logged)
    lines, gaps = await asyncio.to_thread(_sources, desk, counts, logged, period, now)
    flaws = await asyncio.to_thread(_ledger_itself, desk, logged, period, now)
    lost = lost_from_log(comparable, logged.first_kept, kept_since)
    return Proof(period, report, lines, [*gaps, *_untaken(report), *lost, *flaws], len(earlier))


async def _take_counts(desk: Desk) -> None:
    """Those that the worker has not come to yet; it will find them there already."""
    topic = desk.topics.counted
    start = await desk.event_log.committed(topic, GROUP)
    async for stored in desk.event_log.scan(topic, start):
        try:
            count = SourceCount.from_bytes(stored.record.value)
        except ValidationError:
            continue  # The worker says so in its log, with the place.
        await asyncio.to_thread(desk.ledger.sources.apply, count)


def _beginning(period: Period, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(period.first, time(), zone) if period.first is not None else None


def _sources(
    desk: Desk, counts: Sequence[SourceCount], logged: Logged, period: Period, now: datetime
) -> tuple[Sequence[SourceLine], Sequence[Finding]]:
    ledger = desk.ledger

    def numbers(scope: Scope, first: int, last: int) -> ranges.Ranges:
        waiting = ranges.of_numbers(logged.numbers.get(scope, ()))
        return ranges.union(ledger.sources.known(scope, first, last), waiting)

    def items(ids: Collection[UUID]) -> Collection[UUID]:
        on_log = {one for one in ids if one in logged.items or one in logged.rejected}
        return on_log | ledger.queries.has(set(ids) - on_log)

    def amount(scope: Scope) -> int:
        waiting = logged.batches.get((scope.channel, scope.name), set())
        return len(ledger.sources.in_batch(scope.channel, scope.name) | waiting)

    settled_by = now - timedelta(seconds=desk.settings.source_grace_seconds)
    return compare(counts, Ours(numbers, items, amount), period, desk.zone, settled_by)


def _untaken(report: Report) -> list[Finding]:
    return [
        Finding(
            kind=Kind.LEDGER_ROW_MISSING,
            channel=item.channel,
            day=item.day,
            where=f"{item.position.topic}/{item.position.partition}/{item.position.offset}",
            reference=item.reference,
            item_id=item.item_id,
        )
        for item in report.unaccounted
    ]


def _ledger_itself(desk: Desk, logged: Logged, period: Period, now: datetime) -> list[Finding]:
    receipts_before = now - timedelta(hours=desk.settings.receipt_grace_hours)
    found = [
        Finding(
            kind=Kind(one.flaw),
            channel=one.channel,
            day=one.day,
            where=one.state,
            reference=one.reference,
            item_id=one.complaint_id,
        )
        for one in desk.books.flawed(period, receipts_before)
    ]
    for orphan in desk.books.orphans():
        day = orphan.first_at.astimezone(desk.zone).date()
        # While the log still has it, it is among the untaken, with its channel and its number.
        if orphan.complaint_id in logged.items or not period.has_day(day):
            continue
        if period.channel is None:
            found.append(
                Finding(
                    kind=Kind.COMPLAINT_MISSING,
                    day=day,
                    where=orphan.last_state,
                    item_id=orphan.complaint_id,
                )
            )
    return found
