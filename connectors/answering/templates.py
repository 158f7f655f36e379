"""The sentences that reporters read: a data file, checked as a whole before the first is sent."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.answering.gsm import ONE_PART, septets
from gateway.errors import Misconfigured
from normalizer.event import Channel

OWN_FILE: Final = Path(__file__).parents[1] / "data" / "replies.toml"

#: What Instagram takes, the least of the chats (Messenger Platform, *Send API*: 1000 bytes).
CHAT_BYTES: Final = 1000

#: LAPOR!'s numbers have 7 digits today and may grow.
LONGEST_TRACKING_ID: Final = "9" * 12

_MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli",
    "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


class Sentence(StrEnum):
    """Everything that is ever said."""

    RECEIVED = "received"
    #: Nobody answered the call.
    CALL_BACK = "call_back"
    ENTERED = "entered"
    #: A place for the question back, which is not sent yet.
    QUESTION = "question"
    #: In public: come and talk to us alone.
    INVITATION = "invitation"
    HELP = "help"
    STATUS_RECEIVED = "status_received"
    STATUS_ENTERED = "status_entered"
    STATUS_UNKNOWN = "status_unknown"


Style = Literal["sms", "chat", "mail"]

#: The placeholders of each sentence, and whether it must have one of them to be of any use.
_PLACEHOLDERS: Final[Mapping[Sentence, tuple[str, ...]]] = {
    Sentence.RECEIVED: ("number", "office"),
    Sentence.CALL_BACK: ("number", "office"),
    Sentence.ENTERED: ("number", "tracking_id", "link", "office"),
    Sentence.QUESTION: ("number", "office"),
    Sentence.INVITATION: ("office",),
    Sentence.HELP: ("office",),
    Sentence.STATUS_RECEIVED: ("number", "received_on", "office"),
    Sentence.STATUS_ENTERED: (
        "number", "received_on", "entered_on", "tracking_id", "link", "office",
    ),
    Sentence.STATUS_UNKNOWN: ("number", "office"),
}  # fmt: skip
_NEEDED: Final = {Sentence.RECEIVED: "number", Sentence.ENTERED: "tracking_id"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Mail(_Part):
    subject: str
    text: str


class _File(_Part):
    office: str | None = None
    link: str | None = None
    sms: dict[Sentence, str] = {}
    chat: dict[Sentence, str] = {}
    mail: dict[Sentence, _Mail] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be filled in. Days are local days."""

    number: str
    tracking_id: str = ""
    received_on: date | None = None
    entered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence as it is sent. ``subject`` is empty except for mail."""

    subject: str
    text: str


def style_of(channel: Channel) -> Style:
    """Which kind of sentence a channel carries."""
    if channel is Channel.SMS:
        return "sms"
    return "mail" if channel is Channel.EMAIL else "chat"


class Templates:
    """Checked templates: what comes out of ``words`` fits its channel."""

    def __init__(
        self, office: str, link: str, sentences: Mapping[tuple[Style, Sentence], Words]
    ) -> None:
        self._office = office
        self._link = link
        self._sentences = sentences

    def words(self, channel: Channel, sentence: Sentence, facts: Facts) -> Words | None:
        """The sentence as this channel carries it; None where it is never said there."""
        found = self._sentences.get((style_of(channel), sentence))
        if found is None:
            return None
        values = {
            "number": facts.number,
            "tracking_id": facts.tracking_id,
            # A tracking id may have been typed by a person.
            "link": self._link.format(tracking_id=quote(facts.tracking_id, safe="")),
            "office": self._office,
            "received_on": _day(facts.received_on),
            "entered_on": _day(facts.entered_on),
        }
        return Words(found.subject.format_map(values), found.text.format_map(values).strip())


def load_templates(own: Path | None, reference_prefix: str) -> Templates:
    """The gateway's templates, with those of ``own`` in their place.

    Raises:
        Misconfigured: names the file, the sentence and what is wrong with it.
    """
    usual = _read(OWN_FILE)
    changed = _read(own) if own is not None else _File()
    where = str(own or OWN_FILE)
    office = changed.office if changed.office is not None else usual.office or ""
    link = changed.link if changed.link is not None else usual.link or ""
    _check_placeholders(f"{where}: link", link, ("tracking_id",))
    sentences: dict[tuple[Style, Sentence], Words] = {
        **{("sms", name): Words("", text) for name, text in (usual.sms | changed.sms).items()},
        **{("chat", name): Words("", text) for name, text in (usual.chat | changed.chat).items()},
        **{
            ("mail", name): Words(mail.subject, mail.text)
            for name, mail in (usual.mail | changed.mail).items()
        },
    }
    templates = Templates(office, link, sentences)
    for (style, name), words in sentences.items():
        place = f"{where}: [{style}] {name}"
        _check_placeholders(place, words.subject, _PLACEHOLDERS[name])
        _check_placeholders(place, words.text, _PLACEHOLDERS[name], _NEEDED.get(name))
        _check_size(place, style, name, templates, reference_prefix)
    return templates


def longest_facts(reference_prefix: str) -> Facts:
    """The widest values that can occur."""
    longest_day = date(2026, 9, 30)
    return Facts(f"{reference_prefix}-26-MMMMMMMM", LONGEST_TRACKING_ID, longest_day, longest_day)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Misconfigured(
            f"[replies] templates_file {path} cannot be read ({error.strerror})"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Misconfigured(f"{path}: is not valid TOML in UTF-8") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"{path}: {key}: {first['msg']}") from None


def _check_placeholders(
    place: str, template: str, known: tuple[str, ...], needed: str | None = None
) -> None:
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        raise Misconfigured(
            f"{place}: a brace stands alone; write {{{{ or }}}} to mean one"
        ) from None
    names = {name for _, name, _, _ in fields if name is not None}
    if strange := sorted(names - set(known)):
        raise Misconfigured(
            f"{place}: unknown placeholder {{{strange[0]}}}; known there: {', '.join(known)}"
        )
    if any(spec or conversion for _, _, spec, conversion in fields):
        raise Misconfigured(f"{place}: write placeholders without ':' and '!'")
    if needed is not None and needed not in names:
        raise Misconfigured(f"{place}: {{{needed}}} is missing; it is what the answer is for")


def _check_size(
    place: str, style: Style, name: Sentence, templates: Templates, reference_prefix: str
) -> None:
    channel = {"sms": Channel.SMS, "chat": Channel.INSTAGRAM, "mail": Channel.EMAIL}[style]
    words = templates.words(channel, name, longest_facts(reference_prefix))
    if words is None or not words.text:
        raise Misconfigured(f"{place}: is empty")
    if style == "mail" and (not words.subject.strip() or not words.subject.isprintable()):
        raise Misconfigured(f"{place}: the subject must be one line")
    if style == "chat" and len(words.text.encode()) > CHAT_BYTES:
        raise Misconfigured(f"{place}: is longer than {CHAT_BYTES} bytes, which a chat takes")
    if style != "sms":
        return
    try:
        length = septets(words.text)
    except ValueError as error:
        raise Misconfigured(f"{place}: {error}; an SMS with it holds 70 characters only") from None
    if length > ONE_PART:
        raise Misconfigured(
            f"{place}: up to {length} characters with the longest values filled in; "
            f"one SMS holds {ONE_PART}"
        )


def _day(day: date | None) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else ""
