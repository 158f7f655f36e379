"""One try at one attachment: fetch, store, and what is to be done if that did not work."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.media_jobs import Job
from gateway.contract import Fetched, Fetcher
from gateway.errors import MediaAway, MediaGone, MediaRefused, NotKept
from gateway.intake import ContentStore, utc_now
from normalizer.draft import DraftAttachment
from normalizer.event import Attachment
from normalizer.outcome import MediaOutcome, MediaState

log = logging.getLogger(__name__)

#: A fetcher has time-outs of its own; this is for one that forgot.
_FETCH_SECONDS = 300.0
_FIRST_PAUSE = timedelta(seconds=15)
#: Some platforms let an address expire after an hour: there are tries before that.
_LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: when again, and why in one of our own words."""

    at: datetime
    reason: str


class Fetching:
    """Who can fetch, where it is stored, and how long it is tried."""

    def __init__(
        self,
        fetchers: Sequence[Fetcher],
        contents: ContentStore,
        *,
        max_bytes: int,
        give_up_after: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._fetchers = {(one.channel, one.account): one for one in reversed(fetchers)}
        # An account that was renamed: another of the channel may still reach its media.
        self._of_channel = {one.channel: one for one in reversed(fetchers)}
        self._contents = contents
        self._max_bytes = max_bytes
        self._give_up_after = give_up_after
        self._now = now

    async def try_once(self, job: Job) -> MediaOutcome | Later:
        """How it ended, or when to try again. Never raises for what a platform or store does."""
        fetcher = self._fetchers.get(job.lane) or self._of_channel.get(job.channel)
        if fetcher is None:
            return self._ended(job, MediaState.FAILED, "no_fetcher")
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                fetched = await fetcher.fetch(job.attachment.media_id or "", self._max_bytes)
            return await self._stored(job, fetched)
        except MediaGone:
            return self._ended(job, MediaState.EXPIRED, "expired")
        except MediaRefused as fault:
            return self._ended(job, MediaState.REFUSED, fault.reason)
        except MediaAway as fault:
            return self._again(job, "away", fault.retry_after_seconds)
        except TimeoutError:
            return self._again(job, "timeout")
        except NotKept:
            # Our own fault: as long as the platform has it, it is not given up for that.
            return Later(self._pause_from_now(job), "not_kept")
        except Exception:
            log.exception("media.fetcher_failed", extra={"channel": job.channel})
            return self._again(job, "fault")

    def next_try_at(self, job: Job) -> datetime:
        """After a failure that was not the platform's."""
        return self._pause_from_now(job)

    def gives_up_at(self, job: Job) -> datetime:
        """When it is recorded as failed if it has not come by then."""
        return job.added_at + self._give_up_after

    async def close(self) -> None:
        """Let go of every fetcher; never raises."""
        for fetcher in self._fetchers.values():
            await fetcher.close()

    async def _stored(self, job: Job, fetched: Fetched) -> MediaOutcome:
        kept = await self._contents.keep(
            DraftAttachment(
                media_type=fetched.media_type,
                media_id=job.attachment.media_id or "",
                # Not the name that comes with the bytes: nobody has cleaned that one.
                name=job.attachment.name,
                content=fetched.content,
            )
        )
        attachment = Attachment(
            media_type=kept.media_type,
            media_id=kept.media_id,
            size_bytes=kept.size_bytes,
            name=kept.name,
            sha256=kept.sha256,
            copy_sha256=kept.copy_sha256,
            withheld=kept.withheld,
        )
        return self._ended(job, MediaState.STORED, None, attachment)

    def _ended(
        self,
        job: Job,
        state: MediaState,
        reason: str | None,
        attachment: Attachment | None = None,
    ) -> MediaOutcome:
        return MediaOutcome(
            complaint_id=job.complaint_id,
            media_id=job.attachment.media_id or "",
            state=state,
            reason=reason,
            attachment=attachment or job.attachment,
            at=self._now(),
        )

    def _again(self, job: Job, reason: str, told: float | None = None) -> MediaOutcome | Later:
        gives_up_at = self.gives_up_at(job)
        if self._now() >= gives_up_at:
            return self._ended(job, MediaState.FAILED, "gave_up")
        try:
            asked_for = self._now() + timedelta(seconds=told or 0)
        except OverflowError:
            asked_for = gives_up_at
        # Whatever was asked for, there is one last try at the end.
        return Later(min(max(self._pause_from_now(job), asked_for), gives_up_at), reason)

    def _pause_from_now(self, job: Job) -> datetime:
        doubled: timedelta = _FIRST_PAUSE * 2 ** min(job.attempts, 10)
        return self._now() + min(_LONGEST_PAUSE, doubled)
