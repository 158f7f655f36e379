"""Any telephone system that posts JSON: field names and words are settings."""

import base64
import hmac
import json

from connectors.call_center.payload import CallEvent, Kind, read_moment, to_piece, words_of
from connectors.call_center.settings import EventNames, GenericAccount
from gateway.contract import Item, WebReply, WebRequest
from gateway.errors import Forged
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel


def verify(account: GenericAccount, request: WebRequest) -> None:
    """The HMAC of the raw body, in constant time."""
    given = request.headers.get(account.verify.header, "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(signature(account, request.body), given.strip()):
        raise Forged


def signature(account: GenericAccount, body: bytes) -> bytes:
    """What stands in the header of this body."""
    proof = account.verify
    digest = hmac.digest(proof.secret.get_secret_value().encode(), body, proof.algorithm)
    text = digest.hex().encode() if proof.encoding == "hex" else base64.b64encode(digest)
    return proof.prefix.encode() + text


def read(account: GenericAccount, request: WebRequest) -> WebReply:
    """One event, or a list of them, each on its own."""
    try:
        document: object = json.loads(request.body)
    except (ValueError, RecursionError):
        return WebReply((_unreadable(account, request.body),))
    pieces: list[Item] = []
    for told in document if isinstance(document, list) else [document]:
        raw = json.dumps(told).encode()
        call_id = _text(told, account.fields.call_id)
        if call_id is None:
            pieces.append(_unreadable(account, raw))
        elif (event := _event(account, told, call_id, raw)) is not None:
            pieces.append(to_piece(account, event))
    return WebReply(tuple(pieces), ignored=None if pieces else "delivery_report")


def _event(account: GenericAccount, told: object, call_id: str, raw: bytes) -> CallEvent | None:
    names = account.fields
    kind = _kind(account.events, _text(told, names.event))
    direction = _text(told, names.direction)
    if kind is None or (direction is not None and direction.lower() not in account.inbound):
        return None
    duration = _text(told, names.duration) or ""
    return CallEvent(
        call_id=call_id,
        kind=kind,
        raw=raw,
        caller=_text(told, names.caller),
        at=read_moment(_value(told, names.time)),
        duration_seconds=int(duration) if duration.isdecimal() and len(duration) < 7 else None,
        recording_url=_text(told, names.recording_url),
        transcription=words_of(_value(told, names.transcription)),
    )


def _kind(names: EventNames, word: str | None) -> Kind | None:
    for name, kind in _KINDS.items():
        if word is not None and word.lower() in getattr(names, name):
            return kind
    return None


_KINDS = {
    "started": Kind.STARTED,
    "answered": Kind.ANSWERED,
    "missed": Kind.MISSED,
    "voicemail": Kind.VOICEMAIL,
    "ended": Kind.ENDED,
    "recording": Kind.RECORDING,
}


def _value(told: object, path: str) -> object:
    for step in path.split("."):
        told = told.get(step) if isinstance(told, dict) else None
    return told


def _text(told: object, path: str) -> str | None:
    value = _value(told, path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()[:2000] or None


def _unreadable(account: GenericAccount, raw: bytes) -> Rejection:
    return Rejection(
        channel=Channel.CALL_CENTER,
        account=account.name,
        reason=RejectionReason.UNREADABLE,
        raw=raw,
        raw_media_type="application/json",
    )
