"""One event of a call, in our own words: what every dialect is read into."""

import hashlib
import json
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Kind(StrEnum):
    """What happened, from the beginning of a call to its end; later ones know more."""

    STARTED = "started"
    ANSWERED = "answered"
    #: A recording of a conversation; the call may go on.
    RECORDING = "recording"
    MISSED = "missed"
    ENDED = "ended"
    #: What a caller said to a machine: nothing more is to be said.
    VOICEMAIL = "voicemail"
    TRANSCRIPTION = "transcription"


_RANKS = {kind: rank for rank, kind in enumerate(Kind, start=1)}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recording(_Part):
    """Where a recording can be fetched."""

    media_id: str
    media_type: str
    #: The same for the same recording, however its address is written.
    recording_id: str


class CallEvent(_Part):
    """What one request tells of one call. Numbers are as the system wrote them."""

    kind: Kind
    call_id: str | None = None
    at: AwareDatetime | None = None
    #: When the call began, where that is told beside ``at``.
    started_at: AwareDatetime | None = None
    caller: str | None = None
    caller_name: str | None = None
    #: The whole call.
    seconds: int | None = None
    #: How long a person spoke with the caller.
    talk_seconds: int | None = None
    recording: Recording | None = None
    #: What the caller said, as a machine or a person wrote it down.
    text: str | None = None
    #: A recording or transcription is still to come.
    expects_more: bool = False

    @property
    def has_content(self) -> bool:
        """Whether something that the caller said came with it."""
        return self.recording is not None or bool(self.text)

    @property
    def stands_alone(self) -> bool:
        """Whether it says how a call went, though nobody knows which one it was."""
        return self.has_content or self.kind in (Kind.MISSED, Kind.ENDED)

    @property
    def number(self) -> int:
        """Of the piece: the rank of its kind, then a hash of what tells it from others of the kind.

        The same event told again has the same number. Of several pieces the store follows the
        waiting time of the highest, so that a late *started* does not reopen a call that ended.
        """
        if self.kind is Kind.TRANSCRIPTION:
            told: tuple[object, ...] = (self.text,)
        elif self.recording is not None:
            told = (self.recording.recording_id,)
        else:
            at = self.at.isoformat() if self.at else None
            told = (at, self.seconds, self.talk_seconds, self.text)
        digest = hashlib.sha256(json.dumps(told).encode()).digest()
        return _RANKS[self.kind] << 32 | int.from_bytes(digest[:4], "big")
