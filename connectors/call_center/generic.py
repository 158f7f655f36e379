"""Any telephone system that posts signed JSON: field names, event names and proof are settings.

An event or a list of them. A strange caller or date refuses nothing: the call is kept.
"""

import json
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from connectors.call_center.callers import is_internal
from connectors.call_center.event import CallEvent, Kind
from connectors.call_center.joining import to_item
from connectors.call_center.recordings import sealed_recording
from connectors.call_center.settings import GenericAccount
from connectors.call_center.times import read_seconds, read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel

_JSON = "application/json"
_NO = ("", "0", "false", "no", "tidak")


def read(account: GenericAccount, request: WebRequest) -> WebReply:
    """Every event on its own: a bad one never takes the good ones with it."""
    document = _load(request.body)
    if document is None:
        return _reply([_rejection(account, request.body)])
    found = []
    for told in document if isinstance(document, list) else [document]:
        item = _item(account, told)
        if item is not None:
            found.append(item)
    return _reply(found)


def _load(body: bytes) -> object:
    try:
        document: object = json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return document


def _reply(items: list[Item]) -> WebReply:
    ignored: Literal["delivery_report"] | None = None if items else "delivery_report"
    return WebReply(tuple(items), body=b"OK", ignored=ignored)


def _item(account: GenericAccount, told: object) -> Item | None:
    """None: no news, or a call that nobody made to us."""
    names = account.fields
    raw = json.dumps(told).encode()
    if not isinstance(told, Mapping):
        return _rejection(account, raw)
    said = _text(told, names.event) or ""
    direction = (_text(told, names.direction) or "").casefold()
    if said.casefold() in {one.casefold() for one in account.ignored_events}:
        return None
    if direction in {one.casefold() for one in account.outgoing}:
        return None
    if is_internal(_text(told, names.caller), account.internal_digits):
        return None
    event = _event(account, told, account.kind_of(said))
    if event is None or not (event.call_id or event.stands_alone):
        return _rejection(account, raw, _text(told, names.call_id))
    return to_item(account, event, raw, _JSON)


def _event(
    account: GenericAccount, told: Mapping[str, object], kind: Kind | None
) -> CallEvent | None:
    """None when it is of no known kind and says nothing by itself either."""
    names, zone = account.fields, ZoneInfo(account.time_zone)
    address = _text(told, names.recording_url)
    text = _text(told, names.transcription)
    if kind is None:
        kind = Kind.RECORDING if address else Kind.TRANSCRIPTION if text else None
    if kind is None:
        return None
    recording = None
    if address:
        named = _text(told, names.recording_id)
        recording = sealed_recording(account.verify.secret, address, named)
    return CallEvent(
        kind=kind,
        call_id=_text(told, names.call_id),
        at=read_time(_text(told, names.time), account.time_format, zone),
        started_at=read_time(_text(told, names.started_at), account.time_format, zone),
        caller=_text(told, names.caller),
        caller_name=_text(told, names.caller_name),
        seconds=read_seconds(_text(told, names.total_duration)),
        talk_seconds=read_seconds(_text(told, names.duration)),
        recording=recording,
        text=text,
        expects_more=(_text(told, names.recording_follows) or "").casefold() not in _NO,
    )


def _text(told: object, path: str) -> str | None:
    """What stands at a path, as a string; None for what is none, or blank."""
    for step in [path] if isinstance(told, Mapping) and path in told else path.split("."):
        if isinstance(told, Mapping):
            told = told.get(step)
        elif isinstance(told, list) and step.isdecimal() and int(step) < len(told):
            told = told[int(step)]
        else:
            return None
    if isinstance(told, bool):
        return "true" if told else None
    if isinstance(told, int | float):
        return str(told)
    # Half of an emoji cannot be sealed: such an event would block its source.
    text = (
        told.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(told, str)
        else ""
    )
    return text.strip() or None


def _rejection(account: GenericAccount, raw: bytes, source_id: str | None = None) -> Rejection:
    return Rejection(
        channel=Channel.CALL_CENTER,
        account=account.name,
        reason=RejectionReason.UNREADABLE,
        raw=raw,
        raw_media_type=_JSON,
        source_id=source_id,
    )
