"""Invented calls, signed as each account's system would sign them."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.call_center.event import Kind
from connectors.call_center.settings import (
    EVENT_NAMES,
    CallCenterSettings,
    GenericAccount,
    HmacProof,
    TwilioVoiceAccount,
)
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every address: a voicemail that somebody wrote down."""
    base_url = config.load(WebSettings).public_base_url
    calls: dict[str, Call] = {}
    for account in config.load(CallCenterSettings).accounts:
        path = f"/call/{account.name}"
        if isinstance(account, TwilioVoiceAccount):
            for one in (path, f"{path}/voice"):
                calls[one] = twilio_call(account, base_url + one, sender, text)
        else:
            calls[path] = generic_call(account, base_url + path, sender, text)
    return calls


def generic_call(account: GenericAccount, url: str, sender: str, text: str) -> Call:
    """An event of kind ``transcription``."""
    names = account.fields
    kinds = account.events.get(Kind.TRANSCRIPTION, EVENT_NAMES[Kind.TRANSCRIPTION])
    event: dict[str, object] = {}
    for path, value in (
        (names.call_id, uuid.uuid4().hex),
        (names.event, kinds[0]),
        (names.caller, sender),
        (names.transcription, text),
    ):
        _set(event, path, value)
    body = json.dumps(event).encode()
    headers = signed_headers(account.verify, body, int(time.time()))
    return Call("POST", url, body, {**headers, "Content-Type": "application/json"})


def signed_headers(proof: HmacProof, body: bytes, now: int) -> dict[str, str]:
    """The headers that prove the body; ``now`` in Unix seconds."""
    headers = {}
    if proof.timestamp_header is not None:
        headers[proof.timestamp_header] = str(now)
        body = f"{now}{proof.separator}".encode() + body
    digest = hmac.digest(proof.secret.get_secret_value().encode(), body, proof.algorithm)
    text = digest.hex() if proof.encoding == "hex" else base64.b64encode(digest).decode()
    return {**headers, proof.header: proof.prefix + text}


def twilio_call(account: TwilioVoiceAccount, url: str, sender: str, text: str) -> Call:
    """A transcription's callback."""
    call_id = uuid.uuid4().hex
    form = {
        "CallSid": f"CA{call_id}",
        "CallStatus": "completed",
        "Direction": "inbound",
        "From": sender,
        "TranscriptionSid": f"TR{call_id}",
        "TranscriptionStatus": "completed",
        "TranscriptionText": text,
        "Timestamp": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000"),
    }
    return signed_form(account, url, form)


def signed_form(account: TwilioVoiceAccount, url: str, form: Mapping[str, str]) -> Call:
    """A form as Twilio posts it."""
    signed = (url + "".join(name + form[name] for name in sorted(form))).encode()
    key = account.auth_token.get_secret_value().encode()
    signature = base64.b64encode(hmac.digest(key, signed, "sha1")).decode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }
    return Call("POST", url, urlencode(form).encode(), headers)


def _set(event: dict[str, object], path: str, value: object) -> None:
    """Objects within objects; where the path wants a list, an object with numbers does not do."""
    *steps, last = path.split(".")
    for step in steps:
        inner = event.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        event = inner
    event[last] = value
