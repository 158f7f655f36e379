"""Any aggregator that posts forms or JSON: field names, proof and answer are settings.

Long messages that the aggregator does not join arrive part by part, each kept at once and marked
incomplete. A strange sender or date refuses nothing: the words are kept.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.sms.credentials import check_basic, check_bearer, check_hmac, check_query_token
from connectors.sms.encoding import Decoded, decode, without_surrogates
from connectors.sms.payload import (
    Fields,
    Raw,
    declared_charset,
    form_of,
    media_type,
    short_text,
    to_draft,
    to_rejection,
)
from connectors.sms.settings import (
    BasicProof,
    BearerProof,
    GenericAccount,
    HmacProof,
    QueryTokenProof,
)
from connectors.sms.times import read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.event import TimePrecision


def verify(account: GenericAccount, now: datetime, request: WebRequest) -> None:
    """The one proof that the account's settings name."""
    match account.verify:
        case HmacProof() as proof:
            check_hmac(proof, request, now)
        case BearerProof(token=token):
            check_bearer(request, token)
        case BasicProof(username=username, password=password):
            check_basic(request, username, password)
        case QueryTokenProof(parameter=parameter, token=token):
            check_query_token(request, parameter, token)


def read(account: GenericAccount, request: WebRequest) -> WebReply:
    """Every message of the request on its own: a bad one never takes the good ones with it."""
    found: list[Item] = []
    reports = 0
    for message, raw in _messages(account, request):
        if _is_report(account, message):
            reports += 1
        else:
            found.append(_item(account, message, raw, declared_charset(request)))
    return WebReply(
        tuple(found),
        status=account.ack.status,
        body=account.ack.body.encode(),
        content_type=account.ack.content_type,
        ignored="delivery_report" if reports and not found else None,
    )


def _messages(account: GenericAccount, request: WebRequest) -> Iterator[tuple[object, Raw]]:
    if not _is_json(account, request):
        secret = account.verify.parameter if account.verify.kind == "query_token" else None
        yield form_of(request, secret)
        return
    whole = Raw(request.body, media_type(request))
    try:
        text = decode(request.body, account.charset or declared_charset(request)).text
        # Aggregators put bare line ends into strings; they mean them.
        document: object = json.loads(text.removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        document = None
    listed = _value(document, account.items) if account.items else document
    if isinstance(listed, list):
        for message in listed:
            yield message, Raw(json.dumps(message).encode(), "application/json")
    else:
        # A list was promised and is not there: nothing in it can be taken for a message.
        yield (None if account.items else document), whole


def _is_json(account: GenericAccount, request: WebRequest) -> bool:
    if not request.body or account.format != "auto":
        return bool(request.body) and account.format == "json"
    return "json" in media_type(request) or request.body.lstrip()[:1] in (b"{", b"[")


def _is_report(account: GenericAccount, message: object) -> bool:
    rule = account.delivery_report
    return rule is not None and _short(_value(message, rule.field)) == rule.equals


def _item(account: GenericAccount, message: object, raw: Raw, declared: str | None) -> Item:
    names = account.fields
    source_id = _short(_value(message, names.source_id))
    text = _words(_value(message, names.text), account.charset or declared)
    if text is None:
        return to_rejection(account, raw, source_id)
    sent = _short(_value(message, names.submitted_at))
    moment = read_time(sent, account.time_format, ZoneInfo(account.time_zone))
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    return to_draft(
        account,
        raw,
        sender=_short(_value(message, names.sender)),
        text=text,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        incomplete=_is_unjoined(message, names.part, names.parts),
    )


def _value(message: object, path: str) -> object:
    """A form's field by its name; in JSON a step into an object or a list for every dot."""
    if isinstance(message, Fields):
        return message.get(path)
    for step in [path] if isinstance(message, dict) and path in message else path.split("."):
        if isinstance(message, dict):
            message = message.get(step)
        elif isinstance(message, list) and step.isdecimal() and int(step) < len(message):
            message = message[int(step)]
        else:
            return None
    return message


def _short(value: object) -> str | None:
    """An id, a number or a time as a string; None for everything that is none."""
    if isinstance(value, bytes):
        return short_text(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode().strip() or None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else str(value)


def _words(value: object, charset: str | None) -> Decoded | None:
    if isinstance(value, bytes):
        return decode(value, charset)
    if isinstance(value, str):
        return Decoded(without_surrogates(value), "json")
    # "1708" sent as an answer is a JSON number with careless aggregators.
    number = _short(value)
    return None if number is None else Decoded(number, "json")


def _is_unjoined(message: object, part: str, parts: str) -> bool:
    index, count = _short(_value(message, part)), _short(_value(message, parts))
    if index is None or count is None or not (index.isdecimal() and count.isdecimal()):
        return False
    # 255 is the most that a short message's header can count to.
    return len(count) <= 3 and 1 < int(count) <= 255 and len(index) <= 3
