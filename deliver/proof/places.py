"""Complaints of the ledger that the log should still have. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from deliver.proof.books import Place
from deliver.proof.findings import Finding, Kind
from deliver.proof.logged import FirstKept, Logged


def from_earlier_log(
    places: Sequence[Place], on_log: Collection[UUID], logged: Logged
) -> tuple[Sequence[Place], Sequence[Place]]:
    """Those of a log that this one has replaced, and the others that are not on the log.

    A log that still has its very first record, or never had any, cannot have lost what was taken
    before: it was made anew (another broker, another file), and the ledger went on.
    """
    absent = [place for place in places if place.complaint_id not in on_log]
    earlier = [place for place in absent if _is_earlier(place, logged)]
    before = {place.complaint_id for place in earlier}
    return earlier, [place for place in absent if place.complaint_id not in before]


def lost_from_log(
    absent: Sequence[Place], first_kept: Mapping[int, FirstKept], kept_since: datetime
) -> list[Finding]:
    """Those that the log lost before their time.

    Retention takes a partition's oldest records, and none that is younger than ``kept_since``.
    ``received_at`` is never later than the time that retention goes by.
    """
    return [
        Finding(
            kind=Kind.LOG_ROW_MISSING,
            channel=place.channel,
            day=place.day,
            where=f"{place.position.topic}/{place.position.partition}/{place.position.offset}",
            reference=place.reference,
            item_id=place.complaint_id,
        )
        for place in absent
        if not _trimmed(place, first_kept, kept_since)
    ]


def _is_earlier(place: Place, logged: Logged) -> bool:
    partition = place.position.partition
    if logged.ends.get(partition, 0) == 0:
        return True
    first = logged.first_kept.get(partition)
    taken_at = place.taken_at or place.received_at
    return first is not None and first.offset == 0 and taken_at < first.logged_at


def _trimmed(place: Place, first_kept: Mapping[int, FirstKept], kept_since: datetime) -> bool:
    first = first_kept.get(place.position.partition)
    is_oldest = first is None or place.position.offset < first.offset
    return is_oldest and place.received_at < kept_since
