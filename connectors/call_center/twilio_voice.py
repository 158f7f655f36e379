"""Twilio Voice: status, recording and transcription callbacks, and a voicemail line's TwiML."""

import base64
import hmac
import json
from collections.abc import Sequence
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

from connectors.call_center.payload import CallEvent, Kind, to_piece, words_of
from connectors.call_center.settings import TwilioVoiceAccount
from gateway.contract import WebReply, WebRequest
from gateway.errors import Forged

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY = f"{_HEAD}<Response/>".encode()
_STATUSES = {
    "queued": Kind.STARTED,
    "initiated": Kind.STARTED,
    "ringing": Kind.STARTED,
    "in-progress": Kind.ANSWERED,
    "completed": Kind.ENDED,
    "busy": Kind.MISSED,
    "no-answer": Kind.MISSED,
    "canceled": Kind.MISSED,
    "failed": Kind.MISSED,
}


def verify(account: TwilioVoiceAccount, public_base_url: str, request: WebRequest) -> None:
    """``X-Twilio-Signature`` over our address, as configured, and the sorted form."""
    given = request.headers.get("X-Twilio-Signature", "").encode("utf-8", "surrogatepass")
    address = public_base_url + request.path + (f"?{request.query}" if request.query else "")
    if not hmac.compare_digest(signature(account, address, _pairs(request)), given):
        raise Forged


def signature(account: TwilioVoiceAccount, address: str, pairs: Sequence[tuple[str, str]]) -> bytes:
    """What Twilio signs ("Validating requests")."""
    signed = address + "".join(name + value for name, value in sorted(set(pairs)))
    key = account.auth_token.get_secret_value().encode()
    return base64.b64encode(hmac.digest(key, signed.encode("utf-8", "surrogatepass"), "sha1"))


def read(account: TwilioVoiceAccount, request: WebRequest) -> WebReply:
    """One callback; answered with an empty document, which ends nothing and says nothing."""
    told = dict(_pairs(request))
    call_id = told.get("CallSid", "")
    event = _event(told, call_id) if call_id else None
    items = () if event is None else (to_piece(account, event),)
    return WebReply(
        items,
        body=_EMPTY,
        content_type="text/xml",
        ignored=None if items else "delivery_report",
    )


def voice(account: TwilioVoiceAccount, public_base_url: str, _: WebRequest) -> WebReply:
    """What the caller hears: a greeting, a tone, a recording."""
    callback = f"{public_base_url}/call/{account.name}"
    document = (
        f'{_HEAD}<Response><Say language="id-ID">{escape(account.greeting)}</Say>'
        f'<Record maxLength="{account.longest_seconds}" playBeep="true" '
        f"action={quoteattr(callback)} recordingStatusCallback={quoteattr(callback)}/>"
        '<Say language="id-ID">Terima kasih.</Say></Response>'
    )
    return WebReply(body=document.encode(), content_type="text/xml", ignored="handshake")


def _event(told: dict[str, str], call_id: str) -> CallEvent | None:
    if told.get("Direction", "inbound") != "inbound":
        return None
    recording = told.get("RecordingUrl")
    kind = _STATUSES.get(told.get("CallStatus", ""))
    if recording or told.get("TranscriptionText"):
        # A caller who spoke after the tone was answered by nobody.
        kind = Kind.VOICEMAIL if told.get("CallStatus") else Kind.RECORDING
    if kind is None:
        return None
    duration = told.get("CallDuration", "")
    return CallEvent(
        call_id=call_id,
        kind=kind,
        raw=json.dumps(told).encode(),
        caller=told.get("From"),
        duration_seconds=int(duration) if duration.isdecimal() and len(duration) < 7 else None,
        recording_url=recording,
        transcription=words_of(told.get("TranscriptionText")),
    )


def _pairs(request: WebRequest) -> list[tuple[str, str]]:
    text = request.body.decode("utf-8", "surrogateescape")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    except ValueError:
        return []
