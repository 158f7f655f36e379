"""Twilio Programmable Voice: callbacks of calls, recordings and transcriptions, and TwiML.

Two addresses: ``/call/<account>`` for callbacks, and ``/call/<account>/voice``, which besides
answers with what Twilio is to do: greet and record. Both read whatever Twilio sends.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from connectors.call_center.callers import is_internal
from connectors.call_center.event import CallEvent, Kind, Recording
from connectors.call_center.joining import to_item
from connectors.call_center.proof import form_of
from connectors.call_center.settings import TwilioVoiceAccount
from connectors.call_center.times import read_seconds, read_time
from connectors.call_center.twiml import EMPTY, TWIML_TYPE, goodbye, greeting
from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel

_FORM = "application/x-www-form-urlencoded"
#: "Call status values"; "recording status".
_NOT_REACHED = ("busy", "no-answer", "canceled", "failed")
_PUT_THROUGH = ("answered", "completed")
_READY = "completed"
#: Callbacks without a call's status hold one of these.
_TELLING = frozenset(("RecordingSid", "RecordingUrl", "TranscriptionSid", "TranscriptionText"))


def read(account: TwilioVoiceAccount, request: WebRequest) -> WebReply:
    """One callback, answered with an empty document."""
    item = _item(account, request, dict(form_of(request)))
    return _reply(item, EMPTY)


def read_voice(account: TwilioVoiceAccount, public_base_url: str, request: WebRequest) -> WebReply:
    """What the number's *A call comes in* asks, and the ``action`` of what we answered."""
    fields = dict(form_of(request))
    item = _item(account, request, fields)
    over = fields.get("CallStatus") in (*_NOT_REACHED, "completed")
    if over or fields.get("DialCallStatus") in _PUT_THROUGH:
        return _reply(item, goodbye(account, ""))
    if "RecordingUrl" in fields:
        return _reply(item, goodbye(account, account.closing))
    # Also after a <Dial> that nobody took: then the caller may leave a message.
    return _reply(item, greeting(account, f"{public_base_url}/call/{account.name}"))


def _reply(item: Item | None, body: bytes) -> WebReply:
    ignored: Literal["delivery_report"] | None = None if item else "delivery_report"
    items = () if item is None else (item,)
    return WebReply(items, body=body, content_type=TWIML_TYPE, ignored=ignored)


def _item(
    account: TwilioVoiceAccount, request: WebRequest, fields: Mapping[str, str]
) -> Item | None:
    """None: no news, or a call that nobody made to us."""
    call_id, status = _get(fields, "CallSid"), _get(fields, "CallStatus")
    if call_id is None or not (status or _TELLING & fields.keys()):
        return Rejection(
            channel=Channel.CALL_CENTER,
            account=account.name,
            reason=RejectionReason.UNREADABLE,
            raw=_raw(request),
            raw_media_type=_FORM,
            source_id=call_id,
        )
    if is_internal(_get(fields, "From"), account.internal_digits):
        return None
    if (_get(fields, "Direction") or "").startswith("outbound"):
        event = _event_of_leg(fields, status)
    else:
        event = _event(account, fields, call_id, status)
    return None if event is None else to_item(account, event, _raw(request), _FORM)


def _raw(request: WebRequest) -> bytes:
    return request.body or request.query.encode("utf-8", "surrogateescape")


def _event_of_leg(fields: Mapping[str, str], status: str | None) -> CallEvent | None:
    """The leg to an agent has an id of its own, and tells that the call was put through."""
    parent = _get(fields, "ParentCallSid")
    if parent is None or status not in ("in-progress", *_PUT_THROUGH):
        return None
    return CallEvent(
        kind=Kind.ANSWERED,
        call_id=parent,
        at=_time(fields, "Timestamp"),
        talk_seconds=read_seconds(_get(fields, "CallDuration")),
    )


def _event(
    account: TwilioVoiceAccount, fields: Mapping[str, str], call_id: str, status: str | None
) -> CallEvent | None:
    kind = _kind(account, fields, status)
    if kind is None:
        return None
    talked = "DialCallDuration" if account.machine_answers else "CallDuration"
    address = _get(fields, "RecordingUrl")
    return CallEvent(
        kind=kind,
        call_id=call_id,
        at=_time(fields, "Timestamp") or _time(fields, "RecordingStartTime"),
        caller=_get(fields, "From"),
        caller_name=_get(fields, "CallerName"),
        seconds=read_seconds(_get(fields, "CallDuration")),
        talk_seconds=read_seconds(_get(fields, talked)),
        recording=_recording(fields, address) if address else None,
        text=_get(fields, "TranscriptionText") if kind is Kind.TRANSCRIPTION else None,
        expects_more=kind is Kind.VOICEMAIL and account.transcribe,
    )


def _kind(
    account: TwilioVoiceAccount, fields: Mapping[str, str], status: str | None
) -> Kind | None:
    """None: nothing that changes what is known of the call."""
    if fields.keys() & {"TranscriptionSid", "TranscriptionStatus", "TranscriptionText"}:
        # A failed one is told too; the recording is there without it.
        return Kind.TRANSCRIPTION if _get(fields, "TranscriptionText") else None
    if "DialCallStatus" in fields:
        return Kind.ANSWERED if fields["DialCallStatus"] in _PUT_THROUGH else None
    # What tells of the call's progress may name its recording beside.
    if fields.keys() & {"RecordingSid", "RecordingUrl"} and "CallbackSource" not in fields:
        if "RecordingUrl" not in fields or fields.get("RecordingStatus", _READY) != _READY:
            return None
        # What <Record> itself sends to its ``action`` names no source.
        spoken = fields.get("RecordingSource", "RecordVerb") == "RecordVerb"
        return Kind.VOICEMAIL if spoken else Kind.RECORDING
    if status == "completed":
        return Kind.ENDED
    if status in _NOT_REACHED:
        return Kind.MISSED
    answered = status == "in-progress" and not account.machine_answers
    # A status that did not exist when this was written: the call is there.
    return Kind.ANSWERED if answered else Kind.STARTED


def _recording(fields: Mapping[str, str], address: str) -> Recording:
    # Without an ending Twilio sends WAV, ten times as large as MP3.
    known = _get(fields, "RecordingSid") or address.rpartition("/")[2]
    ending = "" if "." in address.rpartition("/")[2] else ".mp3"
    return Recording(media_id=address + ending, media_type="audio/mpeg", recording_id=known)


def _time(fields: Mapping[str, str], name: str) -> datetime | None:
    return read_time(_get(fields, name), "rfc2822", UTC)


def _get(fields: Mapping[str, str], name: str) -> str | None:
    text = fields.get(name, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text.strip() or None
