"""Events of a call as pieces of one item, and the item that they make. All of it is pure."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

from connectors.call_center.settings import Account
from normalizer.draft import Draft, DraftAttachment, Gathering, Piece, Sender, SenderKind
from normalizer.event import (
    Awaits,
    Channel,
    Exclusion,
    ReplyPath,
    ReporterStatus,
    TimePrecision,
)
from normalizer.phone import is_indonesian_mobile, to_e164

_END_GRACE_SECONDS = 60.0
_HIDDEN = re.compile(r"(?:|anonymous|anonim|restricted|private|unknown|withheld|unavailable|\+?0+)")
#: A transcription is a few thousand letters; a field that is larger is none.
_MAX_WORDS = 20_000


class Kind(IntEnum):
    """What happened. A later one has the higher number: it says how long is waited."""

    STARTED = 1
    ANSWERED = 2
    MISSED = 3
    VOICEMAIL = 4
    ENDED = 5
    #: And above, one for each: recordings and transcriptions.
    RECORDING = 10


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One event of one call, in our terms."""

    call_id: str
    kind: Kind
    raw: bytes = field(repr=False)
    caller: str | None = field(default=None, repr=False)
    at: datetime | None = None
    duration_seconds: int | None = None
    recording_url: str | None = field(default=None, repr=False)
    transcription: str | None = field(default=None, repr=False)


def to_piece(account: Account, event: CallEvent) -> Piece:
    """The event as a piece of its call."""
    return Piece(
        draft=Draft(
            channel=Channel.CALL_CENTER,
            account=account.name,
            raw=event.raw,
            raw_media_type="application/json",
            source_id=f"{event.call_id}:{event.kind.name.lower()}",
            text_raw=event.transcription,
            sender=_sender(event.caller),
            submitted_at=event.at,
            submitted_precision=TimePrecision.SECOND if event.at else TimePrecision.UNKNOWN,
            attachments=_recordings(event),
        ),
        key=event.call_id,
        number=_number(event),
        wait_seconds=_wait_seconds(account, event),
        restarts=True,
        item_id=event.call_id,
        coding=f"{event.kind.name} {event.duration_seconds or 0}",
    )


def join(gathering: Gathering, agent_types: bool) -> Draft:
    """The call: a complaint, a record of what an agent types, or a caller to ring back."""
    pieces = gathering.pieces
    kinds = {Kind[piece.coding.split(" ")[0]] for piece in pieces}
    caller = next((one.draft.sender for one in pieces if one.draft.sender.address), Sender())
    started = [piece.draft.submitted_at for piece in pieces if piece.draft.submitted_at]
    recordings = tuple(
        {one.media_id: one for piece in pieces for one in piece.draft.attachments}.values()
    )
    words = [piece.draft.text_raw for piece in pieces if piece.draft.text_raw]
    answered = Kind.ANSWERED in kinds and Kind.VOICEMAIL not in kinds
    text, exclusion, awaits = _meaning(pieces, words, bool(recordings), answered, agent_types)
    number = to_e164(caller.address or "")
    return Draft(
        channel=Channel.CALL_CENTER,
        account=pieces[0].account,
        raw=_all_raw(pieces),
        raw_media_type="application/json",
        source_id=gathering.item_id,
        text_raw=text,
        sender=caller,
        reporter_status=None if caller.address else ReporterStatus.WITHHELD,
        submitted_at=min(started) if started else None,
        submitted_precision=TimePrecision.SECOND if started else TimePrecision.UNKNOWN,
        attachments=recordings,
        exclusion=exclusion,
        awaits=awaits,
        reply_path=ReplyPath(address=number) if number and is_indonesian_mobile(number) else None,
    )


def _meaning(
    pieces: Sequence[Piece], words: list[str], recorded: bool, answered: bool, agent_types: bool
) -> tuple[str, Exclusion | None, Awaits | None]:
    said = "\n\n".join(dict.fromkeys(words)) or ("[rekaman suara]" if recorded else "")
    if answered and (agent_types or not said):
        seconds = max(int(piece.coding.split(" ")[1]) for piece in pieces)
        return _duration(seconds), Exclusion.CALL_RECORD, None
    if said:
        return said, None, None
    return "Panggilan tak terjawab: hubungi kembali penelepon.", None, Awaits.CALL_BACK


def _duration(seconds: int) -> str:
    if not seconds:
        return "Panggilan dijawab."
    return f"Panggilan dijawab, {seconds // 60} menit {seconds % 60} detik."


def _number(event: CallEvent) -> int:
    if event.kind is not Kind.RECORDING:
        return int(event.kind)
    # The same recording told twice is one piece; two recordings are two.
    name = f"{event.recording_url} {event.transcription is not None}"
    return Kind.RECORDING + int.from_bytes(hashlib.sha256(name.encode()).digest()[:3])


def _wait_seconds(account: Account, event: CallEvent) -> float:
    match event.kind:
        case Kind.STARTED | Kind.ANSWERED:
            return account.call_open_hours * 3600
        case Kind.VOICEMAIL | Kind.RECORDING if event.transcription is None:
            return account.recording_wait_seconds
        case _:
            return _END_GRACE_SECONDS


def _sender(caller: str | None) -> Sender:
    written = (caller or "").strip()
    if _HIDDEN.fullmatch(written.lower()):
        return Sender()
    return Sender(kind=SenderKind.PHONE, address=written)


def _recordings(event: CallEvent) -> tuple[DraftAttachment, ...]:
    if not event.recording_url:
        return ()
    return (DraftAttachment(media_type="audio/*", media_id=event.recording_url),)


def _all_raw(pieces: Sequence[Piece]) -> bytes:
    return json.dumps([piece.raw.decode("utf-8", "replace") for piece in pieces]).encode()


def read_moment(value: object) -> datetime | None:
    """ISO 8601 or Unix seconds; without a zone it is UTC."""
    try:
        if isinstance(value, int | float) or str(value).isdigit():
            return datetime.fromtimestamp(float(str(value)), UTC)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def words_of(value: object) -> str | None:
    """A transcription; None for what is none."""
    return value[:_MAX_WORDS].strip() or None if isinstance(value, str) else None
