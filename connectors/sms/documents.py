"""Forms and JSON documents alike: a value by its path, and what it may be used for."""

import json
import re
from dataclasses import dataclass

from connectors.sms.encoding import decode, json_data
from connectors.sms.joining import Part, part_of_fields
from connectors.sms.part import FieldEquals
from connectors.sms.payload import Fields, Raw, declared_charset, media_type, short_text
from gateway.contract import WebRequest

#: E.164: at most 15 digits. What is shorter may be a service.
_WITHOUT_PLUS = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """A text before decoding, and the charset it is in; see ``encoding.decode``."""

    data: bytes
    coding: str | None


def is_json(request: WebRequest) -> bool:
    """Whether the content type or the first character says that the body is JSON."""
    return "json" in media_type(request) or request.body.lstrip()[:1] in (b"{", b"[")


def document_of(request: WebRequest, charset: str | None = None) -> object:
    """The body as JSON; None when it is none. ``charset`` wins over the declared one."""
    text = decode(request.body, charset or declared_charset(request)).text
    try:
        # Aggregators put bare line ends into strings; they mean them.
        document: object = json.loads(text.removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return None
    return document


def raw_of(piece: object) -> Raw:
    """One message of a document, to be kept without the others."""
    return Raw(json.dumps(piece).encode(), "application/json")


def value_at(message: object, path: str) -> object:
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


def list_at(message: object, path: str) -> list[object]:
    """The list there; empty when there is none."""
    found = value_at(message, path)
    return found if isinstance(found, list) else []


def short_at(message: object, *paths: str) -> str | None:
    """An id, a number or a time as a string, of the first path that has one."""
    for path in paths:
        value = value_at(message, path)
        if isinstance(value, bytes):
            found = short_text(value)
        elif isinstance(value, str):
            found = value.encode("utf-8", "backslashreplace").decode().strip() or None
        else:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            found = str(value) if is_number else None
        if found is not None:
            return found
    return None


def words_at(message: object, path: str, charset: str | None = None) -> Words | None:
    """A text, undecoded; None when there is none."""
    value = value_at(message, path)
    if isinstance(value, bytes):
        return Words(value, charset)
    if isinstance(value, str):
        return Words(json_data(value), "json")
    # "1708" sent as an answer is a JSON number with careless aggregators.
    number = short_at(message, path)
    return None if number is None else Words(json_data(number), "json")


def international(number: str | None) -> str | None:
    """A sender of a provider that writes every subscriber in full and leaves the plus away.

    Short codes, letters and what begins with a zero stay as they are.
    """
    return f"+{number}" if number and _WITHOUT_PLUS.fullmatch(number) else number


def rule_holds(rule: FieldEquals, message: object) -> bool:
    """Whether a field has one of the values that settings name; JSON's booleans by their names."""
    value = value_at(message, rule.field)
    if isinstance(value, bool):
        return rule.holds("true" if value else "false")
    return rule.holds(short_at(message, rule.field))


def udh_at(message: object, path: str) -> bytes:
    """A user data header in hex digits, however they are set apart; empty when there is none."""
    digits = short_at(message, path) or ""
    try:
        return bytes.fromhex(digits.replace("%", "").replace(":", ""))
    except ValueError:
        return b""


def part_at(message: object, reference: str, number: str, total: str) -> Part | None:
    """The place in a long message by three fields."""
    return part_of_fields(
        short_at(message, reference), short_at(message, number), short_at(message, total)
    )
