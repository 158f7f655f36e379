"""Attachments on their way into LAPOR: steps of their own, after the complaint is entered.

Whatever happens to a file, the entry stands.
"""

import asyncio
import logging
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deliver.attachments import AttachmentRow, Attachments, AttachmentState, Parcel
from deliver.target import (
    Busy,
    CredentialsRefused,
    EntryFile,
    FilesMissing,
    NoAnswer,
    Refused,
    Target,
    TargetFault,
    Unreachable,
)
from gateway.blobs import BlobMissing, BlobsUnavailable
from gateway.errors import CannotOpen
from gateway.sealing import Opener

log = logging.getLogger(__name__)

#: Files can wait: the complaint is entered. The pause grows with the attempts.
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
#: A call may need longer than its time-out by what the event loop is late.
_CLAIM_MARGIN = timedelta(seconds=30)

#: What the library does not know, or calls otherwise than people do.
_ENDINGS = {
    "audio/wav": ".wav",
    "audio/amr": ".amr",
    "audio/amr-wb": ".awb",
    "audio/ogg": ".ogg",
    "video/3gpp": ".3gp",
}


class CopyStore(Protocol):
    """Where the copies stand (``gateway.blobs``)."""

    async def get(self, name: str) -> bytes:
        """The sealed bytes. Raises BlobMissing, BlobsUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class PassingOn:
    """Passes stored copies on. ``call_seconds`` is the longest that one call may take."""

    attachments: Attachments
    target: Target
    blobs: CopyStore
    opener: Opener
    call_seconds: float
    now: Callable[[], datetime]

    async def pass_on(self, parcel: Parcel) -> None:
        """Add the files of one item to its complaint in LAPOR, or record why not.

        Raises:
            CredentialsRefused, LedgerUnavailable: the worker must end.
        """
        until = self.now() + timedelta(seconds=self.call_seconds) + _CLAIM_MARGIN
        if not await asyncio.to_thread(self.attachments.claim, parcel, self.now(), until):
            return
        try:
            files = [await self._file(row) for row in parcel.rows]
        except BlobsUnavailable:
            await self._later(parcel, "blobs_unavailable")
            return
        except (BlobMissing, CannotOpen) as fault:
            await self._settle(parcel, AttachmentState.PARKED, type(fault).__name__)
            return
        await self._send(parcel, files)

    async def _send(self, parcel: Parcel, files: list[EntryFile]) -> None:
        try:
            await self.target.attach(parcel.tracking_id, files)
        except (Refused, FilesMissing) as fault:
            # Refused words may quote what was sent: only the kind is kept.
            await self._settle(parcel, AttachmentState.PARKED, type(fault).__name__)
        except Busy as fault:
            await self._later(parcel, "busy", fault.retry_after_seconds)
        except Unreachable:
            await self._later(parcel, "unreachable")
        except NoAnswer:
            await self._settle(parcel, AttachmentState.UNKNOWN, "no_answer")
        except CredentialsRefused:
            await self._later(parcel, "credentials_refused")
            raise
        except TargetFault as fault:
            await self._settle(parcel, AttachmentState.PARKED, type(fault).__name__)
        else:
            await self._settle(parcel, AttachmentState.DELIVERED, None)

    async def _file(self, row: AttachmentRow) -> EntryFile:
        sealed = await self.blobs.get(f"copy/{row.copy_sha256}")
        content = await asyncio.to_thread(self.opener.open_bytes, sealed.decode("ascii"))
        return EntryFile(file_name(row), row.media_type, content)

    async def _later(self, parcel: Parcel, reason: str, told: float | None = None) -> None:
        tries = max(row.attempts for row in parcel.rows)
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries, 10))
        pause = max(pause, timedelta(seconds=told or 0))
        await self._settle(parcel, AttachmentState.STORED, reason, self.now() + pause)

    async def _settle(
        self,
        parcel: Parcel,
        state: AttachmentState,
        reason: str | None,
        next_try_at: datetime | None = None,
    ) -> None:
        await asyncio.to_thread(
            self.attachments.settle, parcel, state, reason, self.now(), next_try_at
        )
        level = logging.INFO if state is AttachmentState.DELIVERED else logging.WARNING
        log.log(
            level,
            "attachments.moved",
            extra={
                "complaint_id": str(parcel.complaint_id),
                "state": state,
                "reason": reason,
                "count": len(parcel.rows),
            },
        )


Passing = Callable[[Parcel], Awaitable[None]]


def file_name(row: AttachmentRow) -> str:
    """``lampiran-2.jpg``: the sender's own file names may hold names and numbers."""
    ending = _ENDINGS.get(row.media_type) or mimetypes.guess_extension(row.media_type) or ""
    return f"lampiran-{row.position or 1}{ending}"
