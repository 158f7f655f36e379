"""Any aggregator that posts forms or JSON: field names, proof and answer are settings.

Parts of a long message that the aggregator does not join are told by its own fields and joined
here. A strange sender or date refuses nothing: the words are kept.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.sms.credentials import check_proof
from connectors.sms.documents import (
    document_of,
    international,
    is_json,
    part_at,
    raw_of,
    rule_holds,
    short_at,
    udh_at,
    value_at,
    words_at,
)
from connectors.sms.joining import part_of_udh
from connectors.sms.payload import (
    Raw,
    declared_charset,
    form_of,
    is_for_a_program,
    media_type,
    to_item,
    to_rejection,
)
from connectors.sms.settings import GenericAccount
from connectors.sms.times import read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import RejectionReason
from normalizer.event import TimePrecision


def verify(account: GenericAccount, now: datetime, request: WebRequest) -> None:
    """The one proof that the account's settings name."""
    check_proof(account.verify, request, now)


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
    document = document_of(request, account.charset)
    listed = value_at(document, account.items) if account.items else document
    if isinstance(listed, list):
        for message in listed:
            yield message, raw_of(message)
    else:
        # A list was promised and is not there: nothing in it can be taken for a message.
        yield (None if account.items else document), whole


def _is_json(account: GenericAccount, request: WebRequest) -> bool:
    if not request.body or account.format != "auto":
        return bool(request.body) and account.format == "json"
    return is_json(request)


def _is_report(account: GenericAccount, message: object) -> bool:
    rule = account.delivery_report
    return rule is not None and rule_holds(rule, message)


def _item(account: GenericAccount, message: object, raw: Raw, declared: str | None) -> Item:
    names = account.fields
    source_id = short_at(message, names.source_id)
    words = words_at(message, names.text, account.charset or declared)
    udh = udh_at(message, names.udh)
    if is_for_a_program(udh):
        return to_rejection(account, raw, source_id, RejectionReason.NOT_A_COMPLAINT)
    if words is None:
        return to_rejection(account, raw, source_id)
    sender = short_at(message, names.sender)
    sent = short_at(message, names.submitted_at)
    moment = read_time(sent, account.time_format, ZoneInfo(account.time_zone))
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    return to_item(
        account,
        raw,
        sender=international(sender) if account.international else sender,
        data=words.data,
        coding=words.coding,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        part=part_at(message, names.reference, names.part, names.parts) or part_of_udh(udh),
    )
