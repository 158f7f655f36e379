"""WhatsApp: what a message says, by its type.

WhatsApp Cloud API, "Webhooks: messages". A message of a type that Meta adds later, or one whose
part is missing, is still shown as something that somebody sent.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from connectors.meta.fields import (
    Degrees,
    Id,
    Part,
    Parts,
    Shape,
    Text,
    as_id,
    as_mapping,
    as_text,
)
from connectors.meta.item import Content, joined, related, unsupported
from normalizer.draft import DraftAttachment
from normalizer.event import Exclusion, Relation

#: What the types of media usually are; the message says it better, where it says it.
_MEDIA = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg",
    "voice": "audio/ogg",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}
_NOTICES = {
    "user_changed_number": "[pengirim berganti nomor WhatsApp]",
    "user_changed_user_id": "[pengirim berganti pengenal WhatsApp]",
    "customer_changed_number": "[pengirim berganti nomor WhatsApp]",
    "customer_identity_changed": "[pengirim berganti perangkat WhatsApp]",
}
#: Parts of a flow's answer that are no answer.
_FLOW_KEYS = ("flow_token", "wa_flow_response_params")


class _Media(Shape):
    id: Id = None
    url: Id = None
    mime_type: Id = None
    caption: Text = None
    filename: Text = None


class _Location(Shape):
    latitude: Degrees = None
    longitude: Degrees = None
    name: Text = None
    address: Text = None


class _Name(Shape):
    formatted_name: Text = None
    first_name: Text = None


class _Phone(Shape):
    phone: Text = None
    wa_id: Text = None


class _Contact(Shape):
    name: Part[_Name] = _Name()
    phones: Parts[_Phone] = ()


class _Tapped(Shape):
    title: Text = None
    description: Text = None
    text: Text = None
    payload: Text = None
    body: Text = None
    response_json: Text = None


class _Interactive(Shape):
    type: Id = None
    button_reply: Part[_Tapped] = _Tapped()
    list_reply: Part[_Tapped] = _Tapped()
    nfm_reply: Part[_Tapped] = _Tapped()


class _Product(Shape):
    product_retailer_id: Text = None
    quantity: Text = None


class _Order(Shape):
    text: Text = None
    product_items: Parts[_Product] = ()


class _Reaction(Shape):
    message_id: Id = None
    emoji: Text = None


class _Context(Shape):
    id: Id = None
    writer: Id = Field(default=None, alias="from")


def content_of(message: Mapping[str, Any], ours: Collection[str | None]) -> Content | None:
    """What a message says; None when it undoes or marks another one without saying which.

    ``ours``: our number and its id. An answer to what we sent is no reply to an earlier item.
    """
    kind = as_id(message.get("type")) or ""
    if kind == "edit":
        return _edit(message)
    if kind in ("revoke", "reaction"):
        return _revoke(message) if kind == "revoke" else _reaction(message)
    content = _said(kind, message)
    context = _Context.model_validate(as_mapping(message.get("context")))
    if content.relates_to is None and content.exclusion is None and context.writer not in ours:
        return _with_relation(content, context.id, Relation.REPLY_TO)
    return content


def _said(kind: str, message: Mapping[str, Any]) -> Content:
    own = as_mapping(message.get(kind))
    if kind in _MEDIA:
        return _media(kind, own)
    if kind == "contacts":
        content = _contacts(message.get(kind))
    else:
        read = _READERS.get(kind)
        content = read(own) if read is not None else None
    if content is not None:
        return content
    # A type that came with a text all the same: the words count.
    words = as_text(as_mapping(message.get("text")).get("body"))
    inner = as_id(as_mapping(message.get("unsupported")).get("type"))
    return Content(text=words or unsupported(inner or kind))


def _text(own: Mapping[str, Any]) -> Content | None:
    words = as_text(own.get("body"))
    return None if words is None else Content(text=words)


def _media(kind: str, own: Mapping[str, Any]) -> Content:
    media = _Media.model_validate(own)
    address = media.id or media.url
    words = joined(media.caption, "[stiker]" if kind == "sticker" else None)
    if address is None:
        return Content(text=joined(words, unsupported(kind)))
    file = DraftAttachment(
        media_type=media.mime_type or _MEDIA[kind], media_id=address, name=media.filename
    )
    return Content(text=words, attachments=(file,))


def _location(own: Mapping[str, Any]) -> Content:
    place = _Location.model_validate(own)
    landmark = ", ".join(part for part in (place.name, place.address) if part) or None
    known = place.latitude is not None and place.longitude is not None
    return Content(
        text=f"[lokasi] {landmark or ''}".strip(),
        coordinates=(place.latitude or 0.0, place.longitude or 0.0) if known else None,
        landmark=landmark,
    )


def _contacts(cards: object) -> Content | None:
    if not isinstance(cards, list):
        return None
    lines = []
    for one in cards:
        contact = _Contact.model_validate(as_mapping(one))
        name = contact.name.formatted_name or contact.name.first_name or "tanpa nama"
        numbers = [each.phone or each.wa_id for each in contact.phones]
        shown = ", ".join(number for number in numbers if number)
        lines.append(f"[kontak] {name}: {shown or 'tanpa nomor'}")
    return Content(text=joined(*lines)) if lines else None


def _interactive(own: Mapping[str, Any]) -> Content | None:
    answer = _Interactive.model_validate(own)
    tapped = answer.button_reply if answer.button_reply.title else answer.list_reply
    text = joined(tapped.title, tapped.description) or _flow(answer.nfm_reply)
    return Content(text=text) if text else None


def _flow(reply: _Tapped) -> str | None:
    """The answers of a form, a line each; its own words where they cannot be read."""
    try:
        answers = as_mapping(json.loads(reply.response_json or ""))
    except (ValueError, RecursionError):
        return reply.response_json or reply.body
    lines = []
    for name, value in answers.items():
        if name not in _FLOW_KEYS:
            shown = as_text(value)
            text = shown if shown is not None else json.dumps(value, ensure_ascii=False)
            lines.append(f"{as_text(name)}: {as_text(text)}")
    return joined(*lines) or reply.body


def _button(own: Mapping[str, Any]) -> Content | None:
    tapped = _Tapped.model_validate(own)
    text = tapped.text or tapped.payload
    return Content(text=text) if text else None


def _order(own: Mapping[str, Any]) -> Content:
    order = _Order.model_validate(own)
    products = ", ".join(
        f"{one.quantity or '?'} x {one.product_retailer_id or '?'}" for one in order.product_items
    )
    return Content(text=joined(order.text, f"[pesanan] {products}".strip()))


def _system(own: Mapping[str, Any]) -> Content:
    """WhatsApp's own words about the sender: recorded, and never entered.

    They name people and numbers, so they stand in the sealed original alone.
    """
    notice = _NOTICES.get(as_id(own.get("type")) or "", "[pemberitahuan WhatsApp]")
    return Content(text=notice, exclusion=Exclusion.AUTO_REPLY)


def _welcome(_: Mapping[str, Any]) -> Content:
    return Content(text="[membuka percakapan]", exclusion=Exclusion.COMMAND)


def _reaction(message: Mapping[str, Any]) -> Content | None:
    reaction = _Reaction.model_validate(as_mapping(message.get("reaction")))
    target = related(reaction.message_id, Relation.REACTION)
    if target is None:
        return None
    return Content(text=reaction.emoji or "[reaksi dihapus]", relates_to=target)


def _revoke(message: Mapping[str, Any]) -> Content | None:
    target = as_id(as_mapping(message.get("revoke")).get("original_message_id"))
    if target is None:
        return None
    return Content(text="[pesan dihapus]", relates_to=related(target, Relation.DELETION))


def _edit(message: Mapping[str, Any]) -> Content:
    edit = as_mapping(message.get("edit"))
    fresh = as_mapping(edit.get("message"))
    content = _said(as_id(fresh.get("type")) or "edit", fresh)
    return _with_relation(content, as_id(edit.get("original_message_id")), Relation.EDIT)


def _with_relation(content: Content, source_id: str | None, relation: Relation) -> Content:
    return replace(content, relates_to=related(source_id, relation))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "text": _text,
    "location": _location,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "request_welcome": _welcome,
}
