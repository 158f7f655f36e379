"""From the events of a call to its one item: a complaint, a call to ring back, or a record."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.call_center.callers import Caller, read_caller, sender_of
from connectors.call_center.event import CallEvent, Kind
from connectors.call_center.settings import AccountBase
from connectors.call_center.times import spoken
from normalizer.draft import Draft, DraftAttachment, Gathering, Piece, Sender
from normalizer.event import Awaits, Channel, Exclusion, ReplyPath, ReporterStatus, TimePrecision
from normalizer.person import as_text
from normalizer.phone import is_indonesian_mobile, to_e164

#: What stands for words that can only be heard.
RECORDED = "[rekaman suara]"
CALL_BACK = "Panggilan tak terjawab, hubungi kembali"
#: Of an event that came when its call was published already.
LATE_NEWS = "Kabar susulan tentang panggilan"

_JSON = "application/json"

#: Kinds whose recording or text is what the caller said, whatever else is known of the call.
_CONTENT = frozenset((Kind.RECORDING, Kind.VOICEMAIL, Kind.TRANSCRIPTION))


def to_item(account: AccountBase, event: CallEvent, raw: bytes, media_type: str) -> Draft | Piece:
    """The piece of a call that an event is; without an id of the call an item of its own.

    A piece's own draft is what becomes of it when its call is published already: content is a
    complaint, and other news is a record that belongs to the call.
    """
    alone = _draft(account.name, (event,), agent_types=account.agent_types)
    alone = replace(alone, source_id=event.call_id, raw=raw, raw_media_type=media_type)
    if event.call_id is None:
        return alone
    if not event.has_content and event.kind is not Kind.MISSED:
        alone = replace(alone, text_raw=LATE_NEWS, exclusion=Exclusion.CALL_RECORD, awaits=None)
    return Piece(
        draft=alone,
        key=event.call_id,
        number=event.number,
        wait_seconds=_wait_seconds(account, event),
        restarts=True,
        item_id=event.call_id,
        data=event.model_dump_json(exclude_none=True).encode(),
    )


def join(gathering: Gathering, *, agent_types: bool) -> Draft:
    """The item of a whole call; see ``gateway.contract.Joins.join``.

    Its ``raw`` is a JSON list with the bytes of every event.
    """
    events = tuple([CallEvent.model_validate_json(piece.data) for piece in gathering.pieces])
    draft = _draft(gathering.pieces[0].account, events, agent_types=agent_types)
    return replace(
        draft, source_id=gathering.item_id, raw=_raw(gathering.pieces), raw_media_type=_JSON
    )


def _wait_seconds(account: AccountBase, event: CallEvent) -> float:
    match event.kind:
        case Kind.STARTED | Kind.ANSWERED:
            return account.call_open_hours * 3600
        case Kind.RECORDING:
            return account.recording_wait_seconds
        case Kind.ENDED if account.expect_recordings:
            return account.recording_wait_seconds
        case Kind.ENDED | Kind.MISSED | Kind.VOICEMAIL if event.expects_more:
            return account.recording_wait_seconds
    return account.grace_seconds


def _draft(account: str, events: Sequence[CallEvent], *, agent_types: bool) -> Draft:
    caller = _caller(events)
    name = next((event.caller_name for event in events if event.caller_name), None)
    submitted_at = _began(events)
    text, exclusion, awaits = _meaning(events, agent_types=agent_types)
    sender = sender_of(caller, name)
    return Draft(
        channel=Channel.CALL_CENTER,
        account=account,
        raw=b"",
        text_raw=text,
        decoding="utf-8",
        sender=sender,
        reporter_status=ReporterStatus.WITHHELD if caller.is_hidden else None,
        submitted_at=submitted_at,
        submitted_precision=TimePrecision.SECOND if submitted_at else TimePrecision.UNKNOWN,
        attachments=_attachments(events),
        exclusion=exclusion,
        awaits=awaits,
        reply_path=_reply_path(sender),
    )


def _meaning(
    events: Sequence[CallEvent], *, agent_types: bool
) -> tuple[str, Exclusion | None, Awaits | None]:
    """The words, and whether it is a complaint, a record, or a call to ring back."""
    told = "\n".join(dict.fromkeys(event.text for event in events if event.text))
    heard = any(event.recording for event in events)
    words = "\n".join(filter(None, (told, RECORDED if heard else "")))
    if any(event.kind is Kind.VOICEMAIL and event.has_content for event in events):
        return words, None, None
    if any(_was_answered(event) for event in events):
        if words and not agent_types:
            return words, None, None
        return "\n".join(filter(None, (_answered(events), words))), Exclusion.CALL_RECORD, None
    if any(event.has_content and event.kind in _CONTENT for event in events):
        return words, None, None
    # A PBX may well have recorded the ringing: it goes along, and is no complaint.
    return "\n".join(filter(None, (CALL_BACK, words))), None, Awaits.CALL_BACK


def _was_answered(event: CallEvent) -> bool:
    talked = event.kind is Kind.ENDED and (event.talk_seconds or 0) > 0
    return talked or event.kind is Kind.ANSWERED


def _answered(events: Sequence[CallEvent]) -> str:
    seconds = max((event.talk_seconds or 0 for event in events), default=0)
    if not seconds:
        begun = [event.at for event in events if event.kind is Kind.ANSWERED and event.at]
        ended = [event.at for event in events if event.kind is Kind.ENDED and event.at]
        if begun and ended:
            seconds = max(0, int((max(ended) - min(begun)).total_seconds()))
    return f"Panggilan dijawab {spoken(seconds)}" if seconds else "Panggilan dijawab"


def _caller(events: Sequence[CallEvent]) -> Caller:
    """The first number that is told; else that it is hidden, if one event says so."""
    callers = [read_caller(event.caller) for event in events if event.caller is not None]
    shown = [one for one in callers if one.number] or [one for one in callers if one.is_hidden]
    return shown[0] if shown else Caller()


def _began(events: Sequence[CallEvent]) -> datetime | None:
    """The earliest moment that any event tells of the call."""
    moments = [event.started_at for event in events if event.started_at]
    for event in events:
        if event.at is not None:
            over = event.kind in (Kind.ENDED, Kind.MISSED)
            moments.append(event.at - timedelta(seconds=event.seconds or 0 if over else 0))
    return min(moments, default=None)


def _attachments(events: Sequence[CallEvent]) -> tuple[DraftAttachment, ...]:
    """Every recording once, although several events may tell of it."""
    found = {
        one.recording_id: DraftAttachment(media_type=one.media_type, media_id=one.media_id)
        for event in events
        if (one := event.recording)
    }
    return tuple(found.values())


def _reply_path(sender: Sender) -> ReplyPath | None:
    """A mobile number takes an SMS; there is no other way back."""
    number = to_e164(sender.address) if sender.address else None
    return ReplyPath(address=number) if number and is_indonesian_mobile(number) else None


def _raw(pieces: Sequence[Piece]) -> bytes:
    parts = []
    for piece in pieces:
        raw, encoding = as_text(piece.raw)
        parts.append({"media_type": piece.raw_media_type, "raw_encoding": encoding, "raw": raw})
    return json.dumps(parts, ensure_ascii=False).encode()
