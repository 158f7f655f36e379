"""Attachments are fetched as a step of their own: once, whatever happens in between."""

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path

import apsw
import pytest
from aiohttp import web

from connectors.media_jobs import MediaJobs
from gateway.blobs import make_blobs
from gateway.contract import Fetched
from gateway.errors import LogUnavailable, NotKept
from gateway.log import EventLog, Record, Subscription
from gateway.metrics import MEDIA_OUTCOMES, MEDIA_WAITING
from normalizer.draft import DraftAttachment
from normalizer.event import Channel, ComplaintEvent, Exclusion, Withheld
from normalizer.outcome import MediaState
from tests.connectors.media_bench import (
    GIVE_UP,
    MAX_BYTES,
    Clock,
    MediaBench,
    WebFetcher,
    config,
    item,
    open_shelf,
    working,
)
from tests.gateway import attachment_files as files
from tests.intake_bench import Bench, Keys
from tests.waiting import eventually

BUSY = web.Response(status=503)


@pytest.fixture
async def media(bench: Bench, tmp_path: Path, keys: Keys) -> AsyncIterator[MediaBench]:
    async with open_shelf() as shelf:
        yield MediaBench(bench, tmp_path, keys, shelf, Clock())


async def asked_times(media: MediaBench, times: int) -> None:
    async def asked() -> bool:
        return len(media.shelf.asked) >= times

    await eventually(asked, f"{times} requests")


async def test_503_then_200_ends_with_the_media_once(media: MediaBench) -> None:
    photo = files.jpeg()
    media_id = media.shelf.put("a.jpg", BUSY, BUSY, photo)
    kept = await media.bench.intake.accept(item(media_id))
    (event,) = await media.bench.events()
    assert event.attachments[0].sha256 is None
    async with working(media.worker()):
        await asked_times(media, 1)
        for times in (2, 3):
            media.clock.advance(minutes=1)
            await asked_times(media, times)
        outcome = await media.outcome()
        await media.settled()
    assert (outcome.complaint_id, outcome.media_id) == (kept.item_id, media_id)
    assert (outcome.state, outcome.reason) == (MediaState.STORED, None)
    assert outcome.attachment.sha256 == hashlib.sha256(photo).hexdigest()
    # A name that comes with the bytes may be the sender's.
    assert outcome.attachment.name is None
    blobs = make_blobs(config(media.tmp_path, media.keys))
    sealed = await blobs.get(f"copy/{outcome.attachment.copy_sha256}")
    assert b"Exif" not in media.bench.opener.open_bytes(sealed.decode())
    assert len(media.shelf.asked) == 3
    assert len(await media.outcomes()) == 1


async def test_every_attachment_has_an_outcome_of_its_own(media: MediaBench) -> None:
    good = media.shelf.put("a.jpg", files.jpeg())
    program = media.shelf.put("b.jpg", b"MZ\x90\x00" + bytes(100))
    gone = f"{media.shelf.base}/gone.jpg"
    large = media.shelf.put("large.jpg", bytes(MAX_BYTES + 1))
    inner = "http://169.254.169.254/latest/meta-data/"
    await media.bench.intake.accept(item(good, program, gone, large, inner))
    async with working(media.worker()):
        await media.settled(5)
    found = {one.media_id: one for one in await media.outcomes()}
    assert len(found) == 5
    assert {key: (one.state, one.reason) for key, one in found.items()} == {
        good: (MediaState.STORED, None),
        program: (MediaState.STORED, None),
        gone: (MediaState.EXPIRED, "expired"),
        large: (MediaState.REFUSED, "too_large"),
        inner: (MediaState.REFUSED, "address"),
    }
    assert found[program].attachment.withheld is Withheld.ACTIVE_CONTENT
    assert found[program].attachment.copy_sha256 is None
    assert found[gone].attachment.sha256 is None


async def test_the_platform_says_when_to_come_again(media: MediaBench) -> None:
    busy = web.Response(status=429, headers={"Retry-After": "3600"})
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", busy, files.jpeg())))
    worker = media.worker()
    async with working(worker):
        await asked_times(media, 1)

        async def postponed() -> datetime | None:
            found = await asyncio.to_thread(media.jobs().waiting)
            return next((job.next_try_at for job in found if job.attempts), None)

        began = media.clock()
        assert (await eventually(postponed, "postponed") - began).total_seconds() == 3600
        media.clock.advance(minutes=59)
        looks = [await media.waiting() for _ in range(5)]
        assert looks == [1] * 5
        assert len(media.shelf.asked) == 1
        media.clock.advance(minutes=1)
        assert (await media.outcome()).state is MediaState.STORED


async def test_given_up_after_a_last_try(media: MediaBench) -> None:
    silly = web.Response(status=503, headers={"Retry-After": "99999999999999"})
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", silly)))
    async with working(media.worker()):
        await asked_times(media, 1)
        media.clock.advance(hours=GIVE_UP.total_seconds() / 3600)
        outcome = await media.outcome()
    assert (outcome.state, outcome.reason) == (MediaState.FAILED, "gave_up")
    assert len(media.shelf.asked) == 2


async def test_a_channel_without_fetcher_is_told_at_once(media: MediaBench) -> None:
    await media.bench.intake.accept(item("1", channel=Channel.WHATSAPP))
    async with working(media.worker()):
        outcome = await media.outcome()
    assert (outcome.state, outcome.reason) == (MediaState.FAILED, "no_fetcher")


async def test_another_account_of_the_channel_may_help_out(media: MediaBench) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo"), account="renamed"))
    async with working(media.worker()):
        assert (await media.outcome()).state is MediaState.STORED


async def test_each_account_is_fetched_by_its_own(media: MediaBench) -> None:
    class Never(WebFetcher):
        async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
            raise AssertionError("the wrong account was asked")

    first, mine = Never(media.shelf.base), WebFetcher(media.shelf.base, account="second")
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo"), account="second"))
    async with working(media.worker(first, mine)):
        assert (await media.outcome()).state is MediaState.STORED
    assert first.closed
    assert mine.closed


async def test_only_what_is_not_here_is_fetched(media: MediaBench) -> None:
    here = DraftAttachment(media_type="image/jpeg", media_id="part:1", sha256="0" * 64)
    other = DraftAttachment(media_type="x/y", media_id=media.shelf.put("a", b"halo"))
    await media.bench.intake.accept(item(attachments=(here, other)))
    await media.bench.intake.accept(item(number=2))
    async with working(media.worker()):
        await media.outcome()
        await media.settled()
    assert media.shelf.asked == ["a"]


async def test_what_is_excluded_is_fetched_too(media: MediaBench) -> None:
    """A person may overrule the exclusion, when the platform has the picture no longer."""
    media_id = media.shelf.put("a.jpg", files.jpeg())
    await media.bench.intake.accept(item(media_id, exclusion=Exclusion.AUTO_REPLY))
    async with working(media.worker()):
        assert (await media.outcome()).state is MediaState.STORED


async def test_an_item_that_comes_again_is_not_fetched_again(media: MediaBench) -> None:
    media_id = media.shelf.put("a.jpg", files.jpeg())
    await media.bench.intake.accept(item(media_id))
    await media.bench.intake.accept(item(media_id))
    async with working(media.worker()):
        await media.outcome()
        await media.settled()
        # At the platform it is gone by now: that must not become the outcome.
        media.shelf.answers.clear()
        await media.bench.intake.accept(item(media_id))
        await media.bench.intake.accept(item(media.shelf.put("b.jpg", b"halo"), number=2))

        async def second() -> bool:
            return len(await media.outcomes()) == 2

        await eventually(second, "the later item's outcome")
    assert media.shelf.asked == ["a.jpg", "b.jpg"]


async def test_done_jobs_are_forgotten_when_the_topic_has_forgotten_them(
    media: MediaBench,
) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    async with working(media.worker()):
        await media.outcome()
        await media.settled()
        media.clock.advance(days=31)

        async def forgotten() -> bool:
            connection = apsw.Connection(str(media.tmp_path / "media.db"))
            try:
                return connection.execute("SELECT count(*) FROM job").fetchall() == [(0,)]
            finally:
                connection.close()

        await eventually(forgotten, "no row left")


class NoRoom:
    """A store that is away as often as it is told."""

    def __init__(self, media: MediaBench, times: int) -> None:
        self.inner = media.contents()
        self.left = times

    async def keep(self, attachment: DraftAttachment) -> DraftAttachment:
        if self.left:
            self.left -= 1
            raise NotKept("the store is away")
        return await self.inner.keep(attachment)

    async def keep_raw(self, raw: bytes) -> str:
        return await self.inner.keep_raw(raw)


async def test_our_own_store_being_away_is_no_reason_to_give_up(media: MediaBench) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", files.jpeg())))
    async with working(media.worker(contents=NoRoom(media, 3))):
        for times in (1, 2, 3):
            await asked_times(media, times)
            media.clock.advance(hours=GIVE_UP.total_seconds() / 3600)
        assert (await media.outcome()).state is MediaState.STORED


async def test_the_log_being_away_costs_no_second_fetch(media: MediaBench) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", files.jpeg())))
    media.bench.log.before = NotKept("the log is away")
    async with working(media.worker()):

        async def refused() -> bool:
            found = await asyncio.to_thread(media.jobs().waiting)
            return [job.reason for job in found] == ["log_away"]

        await eventually(refused, "refused by the log")
        media.bench.log.before = None
        media.shelf.answers.clear()
        media.clock.advance(minutes=15)
        assert (await media.outcome()).state is MediaState.STORED
        await media.settled()
    assert len(media.shelf.asked) == 1


class LostAtFirst:
    """A log to which nobody can subscribe at first, and that loses the first subscription."""

    def __init__(self, inner: EventLog) -> None:
        self.inner = inner
        self.faults = 2

    async def subscribe(self, topic: str, group: str) -> Subscription:
        self.faults -= 1
        if self.faults == 1:
            raise LogUnavailable("away")
        subscription = await self.inner.subscribe(topic, group)
        if self.faults == 0:
            await subscription.close()
        return subscription

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


async def test_the_log_comes_back(media: MediaBench) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    event_log = LostAtFirst(media.bench.log.inner)
    async with working(media.worker(event_log=event_log)):  # type: ignore[arg-type]
        assert (await media.outcome()).state is MediaState.STORED


class FullDisk(MediaJobs):
    """A file that takes nothing at first."""

    faults = 2

    def add(self, events: Iterable[tuple[ComplaintEvent, str | None]], now: datetime) -> int:
        if self.faults:
            self.faults -= 1
            raise apsw.FullError("no room")
        return super().add(events, now)


async def test_what_could_not_be_noted_is_read_again(media: MediaBench) -> None:
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    async with working(media.worker(jobs=FullDisk(media.tmp_path / "media.db"))):
        assert (await media.outcome()).state is MediaState.STORED


async def test_a_fetcher_that_is_broken_breaks_nothing_else(media: MediaBench) -> None:
    class Broken(WebFetcher):
        async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
            raise KeyError(media_id)

    await media.bench.intake.accept(item("1", number=1, account="broken"))
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo"), number=2))
    broken = Broken(media.shelf.base, account="broken")
    async with working(media.worker(broken, WebFetcher(media.shelf.base))):
        assert (await media.outcome()).state is MediaState.STORED
        (job,) = await asyncio.to_thread(media.jobs().waiting)
        assert job.account == "broken"


async def test_what_is_no_event_stops_nothing(media: MediaBench) -> None:
    await media.bench.log.inner.append("complaints.accepted.v1", Record(None, b"not an event"))
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    async with working(media.worker()):
        assert (await media.outcome()).state is MediaState.STORED


async def test_one_slow_account_does_not_hold_up_the_others(media: MediaBench) -> None:
    media.shelf.held = ("slow",)
    slow = [media.shelf.put(f"slow-{number}", b"halo") for number in range(20)]
    for number, media_id in enumerate(slow):
        await media.bench.intake.accept(item(media_id, number=number, account="slow"))
    fetchers = [WebFetcher(media.shelf.base, account=name) for name in ("slow", "quick")]
    async with working(media.worker(*fetchers)):
        await asked_times(media, 3)
        for number in range(3):
            media_id = media.shelf.put(f"quick-{number}", b"halo")
            await media.bench.intake.accept(item(media_id, number=100 + number, account="quick"))

        async def quick_ones() -> bool:
            return len(await media.outcomes()) == 3

        await eventually(quick_ones, "the quick account's media")
        assert media.shelf.most_at_once <= 4
        media.shelf.release.set()
        await media.settled(23)
    assert len(await media.outcomes()) == 23
    assert media.shelf.most_at_once <= 4
    assert len(media.shelf.asked) == len(set(media.shelf.asked)) == 23


async def test_of_several_processes_one_fetches_until_it_ends(media: MediaBench) -> None:
    first = asyncio.create_task(media.worker().run())
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    await media.outcome()
    async with working(media.worker()):
        await media.bench.intake.accept(item(media.shelf.put("b.jpg", b"halo"), number=2))

        async def outcomes(count: int) -> bool:
            return len(await media.outcomes()) == count

        await eventually(lambda: outcomes(2), "the second")
        first.cancel()
        await asyncio.wait({first})
        await media.bench.intake.accept(item(media.shelf.put("c.jpg", b"halo"), number=3))
        await eventually(lambda: outcomes(3), "the third, by the other process")
    assert media.shelf.asked == ["a.jpg", "b.jpg", "c.jpg"]


async def test_a_stop_in_the_middle_of_a_fetch_forgets_nothing(media: MediaBench) -> None:
    media.shelf.held = ("a",)
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"halo")))
    async with working(media.worker()):
        await asked_times(media, 1)
    assert await media.waiting() == 1
    assert await media.outcomes() == []
    media.shelf.held = ()
    async with working(media.worker()):
        assert (await media.outcome()).state is MediaState.STORED


async def test_it_is_counted(media: MediaBench) -> None:
    stored = MEDIA_OUTCOMES.labels(Channel.TELEGRAM, MediaState.STORED)
    before = stored._value.get()
    media.shelf.held = ("b",)
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", b"x"), number=1))
    await media.bench.intake.accept(item(media.shelf.put("b.jpg", b"x"), number=2))
    async with working(media.worker()):
        await media.outcome()

        async def one_waits() -> bool:
            return bool(MEDIA_WAITING._value.get() == 1 and stored._value.get() == before + 1)

        await eventually(one_waits, "the gauge")


async def test_the_file_is_for_our_account_alone(media: MediaBench) -> None:
    jobs = media.jobs()
    jobs.count()
    jobs.close()
    assert stat.S_IMODE((media.tmp_path / "media.db").stat().st_mode) == 0o600
