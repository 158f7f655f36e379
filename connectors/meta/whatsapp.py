"""WhatsApp Cloud API: the changes of a WhatsApp Business Account.

"Webhooks: messages", "Calling API: webhooks". What a change holds decides, not what it is called:
messages, calls and echoes come under more names every year.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from connectors.meta.fields import Id, Moment, Part, Shape, Text, as_mapping
from connectors.meta.item import ANSWER_WINDOW, Content, Found, Outcome, Quiet, Reader, window
from connectors.meta.whatsapp_content import content_of
from normalizer.draft import RejectionReason, Sender, SenderKind
from normalizer.event import Awaits, Exclusion, Relation, ReplyPath

#: Lists of what our own people wrote in the WhatsApp Business app.
_ECHOES = ("message_echoes", "smb_message_echoes")
#: A thumb or a deletion asks for no answer.
_UNANSWERED = (Relation.REACTION, Relation.DELETION)


class _Profile(Shape):
    name: Text = None
    username: Text = None


class _Contact(Shape):
    wa_id: Id = None
    user_id: Id = None
    profile: Part[_Profile] = _Profile()


class _Writer(Shape):
    """Who a message or a call is from: a number, a business-scoped id, or both."""

    number: Id = Field(default=None, alias="from")
    from_user_id: Id = None
    user_id: Id = None

    @property
    def scoped_id(self) -> str | None:
        """What stands in for a number that its owner hides."""
        return self.from_user_id or self.user_id


class _Message(_Writer):
    id: Id = None
    timestamp: Moment = None


class _Call(_Message):
    event: Id = None
    direction: Id = None
    duration: Id = None


class _Metadata(Shape):
    phone_number_id: Id = None
    display_phone_number: Id = None


def split_change(change: Found, field: str) -> Iterator[tuple[Found, Reader] | Quiet]:
    """The items of one change, whose ``value`` is ``change.item``, each with its reader."""
    value = as_mapping(change.item)
    metadata = as_mapping(value.get("metadata"))
    number_id = _Metadata.model_validate(metadata).phone_number_id
    change = replace(change, account_id=number_id or change.account_id)
    if field in _ECHOES or any(name in value for name in _ECHOES):
        yield "own_message"
        return
    known = False
    for name, read in (("messages", _read_message), ("calls", _read_call)):
        items = value.get(name)
        if isinstance(items, list):
            known = True
            for item in items:
                yield replace(change, item=item, context=_context(change, value, item)), read
        elif items is not None:
            known = True
            yield change, _read_nothing
    if "statuses" in value:
        yield "delivery_report"
    elif not known:
        yield change, _read_notice


def _context(change: Found, value: Mapping[str, Any], item: object) -> Mapping[str, Any]:
    """What is kept beside one message: our number, its own sender's card, Meta's errors."""
    writer = _Writer.model_validate(as_mapping(item))
    beside = {"metadata": value.get("metadata"), "errors": value.get("errors")}
    card = _card(writer, value.get("contacts"))
    return {
        **change.context,
        **{name: part for name, part in beside.items() if part is not None},
        **({"contact": card} if card is not None else {}),
    }


def _card(writer: _Writer, cards: object) -> object | None:
    """The contact of this writer: a batch holds those of several people, in no fixed order."""
    for card in cards if isinstance(cards, list) else []:
        contact = _Contact.model_validate(as_mapping(card))
        same_number = contact.wa_id is not None and contact.wa_id == writer.number
        same_id = contact.user_id is not None and contact.user_id == writer.scoped_id
        if same_number or same_id:
            return card  # type: ignore[no-any-return]
    return None


def _read_nothing(found: Found) -> Outcome:
    return found.rejection()


def _read_notice(found: Found) -> Outcome:
    """Templates, quality, bans, history: not from a citizen, and worth a look."""
    return found.rejection(RejectionReason.NOT_A_COMPLAINT)


def _read_message(found: Found) -> Outcome:
    fields = as_mapping(found.item)
    if not fields:
        return found.rejection()
    message = _Message.model_validate(fields)
    metadata = _Metadata.model_validate(as_mapping(found.context.get("metadata")))
    ours = {metadata.display_phone_number, metadata.phone_number_id} - {None}
    content = content_of(fields, ours)
    if content is None:
        return found.rejection(RejectionReason.NOT_A_COMPLAINT, message.id)
    asks = content.exclusion in (None, Exclusion.COMMAND) and (
        content.relates_to is None or content.relates_to.relation not in _UNANSWERED
    )
    return found.draft(
        content,
        source_id=message.id,
        sender=_sender(found, message),
        submitted_at=message.timestamp,
        reply_path=_way_back(found, message, message.id) if asks else None,
    )


def _read_call(found: Found) -> Outcome:
    """A call that ended. One that nobody took is an item to call back."""
    fields = as_mapping(found.item)
    if not fields:
        return found.rejection()
    call = _Call.model_validate(fields)
    if call.direction == "BUSINESS_INITIATED":
        return "own_message"
    if call.event != "terminate":
        # Meta tells the end of every call, also of one that nobody took.
        return "delivery_report"
    seconds = call.duration if call.duration and call.duration.isdecimal() else "0"
    if int(seconds[:9]) > 0:
        text = f"[panggilan WhatsApp dijawab, {seconds[:9]} detik]"
        content = Content(text=text, exclusion=Exclusion.CALL_RECORD)
    else:
        text = "[panggilan WhatsApp tak terjawab]"
        content = Content(text=text, awaits=Awaits.CALL_BACK)
    return found.draft(
        content,
        source_id=call.id,
        sender=_sender(found, call),
        submitted_at=call.timestamp,
        reply_path=_way_back(found, call, None) if content.awaits else None,
    )


def _sender(found: Found, writer: _Writer) -> Sender:
    profile = _Contact.model_validate(as_mapping(found.context.get("contact"))).profile
    address = writer.number or writer.scoped_id
    kind = SenderKind.HANDLE if address else SenderKind.NONE
    if writer.number and writer.number.lstrip("+").isdecimal():
        kind = SenderKind.PHONE
    return Sender(kind=kind, address=address, name=profile.name or profile.username)


def _way_back(found: Found, message: _Message, thread: str | None) -> ReplyPath | None:
    address = message.number or message.scoped_id
    if address is None:
        return None
    return ReplyPath(
        address=address,
        thread=thread,
        via=found.account_id,
        expires_at=window(message.timestamp, ANSWER_WINDOW),
    )
