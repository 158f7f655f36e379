"""Infobip: inbound SMS as JSON, format ``MO_JSON_2`` ("Receive inbound SMS messages").

Several messages may come in one request. Long ones are joined by Infobip. Reports of messages that
we sent have the same frame; they are known by their ``status`` and have no text.
"""

from datetime import UTC, datetime

from connectors.sms.credentials import check_proof
from connectors.sms.documents import (
    document_of,
    international,
    raw_of,
    short_at,
    value_at,
    words_at,
)
from connectors.sms.payload import Raw, media_type, to_item, to_rejection
from connectors.sms.settings import InfobipAccount
from connectors.sms.times import read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.event import TimePrecision


def verify(account: InfobipAccount, now: datetime, request: WebRequest) -> None:
    """What the security settings of the subscription name: Basic, bearer, HMAC or a header."""
    check_proof(account.verify, request, now)


def read(account: InfobipAccount, request: WebRequest) -> WebReply:
    """Every result on its own."""
    results = value_at(document_of(request), "results")
    if not isinstance(results, list):
        return WebReply((to_rejection(account, Raw(request.body, media_type(request))),))
    found = [_item(account, result) for result in results if not _is_report(result)]
    only_reports = bool(results) and not found
    return WebReply(tuple(found), ignored="delivery_report" if only_reports else None)


def _is_report(result: object) -> bool:
    return isinstance(value_at(result, "status"), dict) and value_at(result, "text") is None


def _item(account: InfobipAccount, result: object) -> Item:
    source_id = short_at(result, "messageId")
    words = words_at(result, "text")
    if words is None:
        return to_rejection(account, raw_of(result), source_id)
    moment = read_time(short_at(result, "receivedAt"), "iso", UTC)
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    return to_item(
        account,
        raw_of(result),
        sender=international(short_at(result, "from")),
        data=words.data,
        coding=words.coding,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
    )
