"""One mail as a draft, or as a rejection that says why it is none. Pure."""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace

from connectors.mail.automatic import answer_address, is_from_us, judge
from connectors.mail.headers import decode_field, first_person, message_ids, parse_date
from connectors.mail.message import Mail, open_header, open_mail
from connectors.mail.parts import Content, collect
from connectors.mail.quoted import (
    bare_subject,
    is_answer_subject,
    is_forward_subject,
    own_words,
)
from connectors.mail.settings import MailAccount
from connectors.mail.threads import domains_of, way_back
from normalizer.draft import Draft, Rejection, RejectionReason, Sender, SenderKind, SourceRef
from normalizer.event import Channel, Relation, ReplyPath, TimePrecision

RAW_MEDIA_TYPE = "message/rfc822"
HEADER_MEDIA_TYPE = "text/rfc822-headers"

#: More than is read of a text, so that the event says that it was cut; less than a record holds,
#: since a mail that no log takes would be offered again for ever. The whole is in the original.
_MAX_TEXT_CHARS = 60_000
_MAX_LINE_CHARS = 1_000

#: LAPOR!'s own mail, such as "Laporan #1916449 diteruskan kepada Anda".
_LAPOR_DOMAIN = re.compile(r".+@(?:[\w-]+\.)*lapor\.go\.id", re.IGNORECASE)
_LAPOR_NUMBER = re.compile(r"#\s?(\d{6,9})\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one mail came to."""

    item: Draft | Rejection
    #: None when it has none that can be one: its source id is then the hash of its bytes.
    message_id: str | None = None
    #: The same for the same mail on another way; other words, other people, another fingerprint.
    fingerprint: bytes = b""
    #: The mails that it answers, as source ids, the oldest first.
    answers: tuple[str, ...] = field(default=(), repr=False)


def read_mail(account: MailAccount, raw: bytes) -> Reading:
    """Read one whole mail. It relates to what our own answer answered, else to the oldest mail of
    its thread; whether that one ever came here is not known."""
    mail = open_mail(raw)
    message_id = own_id(mail)
    source_id = message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}"
    verdict = judge(mail, account)
    if verdict.rejection is not None:
        return Reading(rejection(account, raw, verdict.rejection, source_id), message_id)
    subject = decode_field(mail.field("subject"))
    answered = [one for one in _answered(mail) if one != message_id]
    is_answer = not is_forward_subject(subject) and (
        bool(mail.field("in-reply-to").strip()) or is_answer_subject(subject)
    )
    content = collect(mail.root, without_history=is_answer, flat=mail.flat)
    text = own_words(_whole_text(content), is_answer=is_answer)
    domains = domains_of(account.own_addresses)
    ways = [way for one in answered if (way := way_back(one, domains))]
    answers = tuple(dict.fromkeys((*answered, *ways)))
    sender = _sender(mail, account.own_addresses)
    moment = parse_date(mail.field("date"))
    to = answer_address(mail, account.own_addresses) if verdict.answerable else None
    draft = Draft(
        channel=Channel.EMAIL,
        account=account.event_account,
        raw=raw,
        raw_media_type=RAW_MEDIA_TYPE,
        source_id=source_id,
        text_raw=text[:_MAX_TEXT_CHARS] or None,
        title_raw=bare_subject(subject)[:_MAX_LINE_CHARS] or None,
        decoding=content.charset,
        sender=sender,
        submitted_at=moment,
        submitted_precision=TimePrecision.SECOND if moment else TimePrecision.UNKNOWN,
        attachments=tuple(content.attachments),
        exclusion=verdict.exclusion,
        relates_to=supplement_to(next(iter((*ways, *answers)), None)),
        reply_path=ReplyPath(address=to, thread=source_id) if to else None,
    )
    draft = _from_lapor(draft, subject)
    return Reading(draft, message_id, _fingerprint(draft, mail), answers)


def read_header(account: MailAccount, header: bytes, reason: RejectionReason) -> Reading:
    """A mail of which only the header block is at hand."""
    message_id = own_id(open_header(header))
    item = rejection(account, header, reason, message_id, HEADER_MEDIA_TYPE)
    return Reading(item, message_id)


def own_id(mail: Mail) -> str | None:
    """Its ``Message-ID`` with the brackets, when it can be one."""
    return next(iter(message_ids(mail.field("message-id"))), None)


def supplement_to(source_id: str | None) -> SourceRef | None:
    """The relation of an answer to the mail that it answers."""
    return SourceRef(source_id=source_id, relation=Relation.SUPPLEMENT) if source_id else None


def _answered(mail: Mail) -> list[str]:
    """The ids of the mails before this one, oldest first (RFC 5322, 3.6.4)."""
    references = message_ids(mail.field("references"))
    return list(dict.fromkeys((*references, *message_ids(mail.field("in-reply-to")))))


def _whole_text(content: Content) -> str:
    text = content.text
    if not text.strip() and content.enclosed is not None:
        text = _passed_on(content.enclosed)
    if content.left_out:
        text += f"\n\n({content.left_out} lampiran lain ada dalam surel asli.)"
    return text


def _passed_on(raw: bytes) -> str:
    """The text of a mail that came as an attachment without a word: it is the complaint."""
    mail = open_mail(raw)
    subject = decode_field(mail.field("subject"))
    text = collect(mail.root, without_history=False, flat=mail.flat).text
    return "\n\n".join(part for part in (subject, text) if part.strip())


def _sender(mail: Mail, own: frozenset[str]) -> Sender:
    names = ("reply-to", "from", "sender") if is_from_us(mail, own) else ("from", "sender")
    for name in names:
        person, address = first_person(mail.field(name))
        if address is not None:
            return Sender(kind=SenderKind.EMAIL, address=address, name=_short(person))
    person, _ = first_person(mail.field("from"))
    return Sender(name=_short(person))


def _short(name: str | None) -> str | None:
    return name[:_MAX_LINE_CHARS] if name else None


def _from_lapor(draft: Draft, subject: str) -> Draft:
    """What LAPOR! itself writes about stands there already: linked, not entered again."""
    if not _LAPOR_DOMAIN.fullmatch(draft.sender.address or ""):
        return draft
    number = _LAPOR_NUMBER.search(subject) or _LAPOR_NUMBER.search(draft.text_raw or "")
    if number is None:
        return draft
    return replace(draft, already_in_lapor=True, lapor_tracking_id=number[1])


def _fingerprint(draft: Draft, mail: Mail) -> bytes:
    parts = (
        (draft.sender.address or "").lower(),
        mail.field("date").strip(),
        draft.title_raw,
        " ".join((draft.text_raw or "").split()),
        [hashlib.sha256(one.content or b"").hexdigest() for one in draft.attachments],
    )
    # ASCII JSON: halves of surrogate pairs from broken charsets can be written too.
    return hashlib.sha256(json.dumps(parts).encode()).digest()[:16]


def rejection(
    account: MailAccount,
    raw: bytes,
    reason: RejectionReason,
    source_id: str | None,
    media_type: str = RAW_MEDIA_TYPE,
) -> Rejection:
    """A mail that is kept aside, with as much of its bytes as there is."""
    return Rejection(
        channel=Channel.EMAIL,
        account=account.event_account,
        reason=reason,
        raw=raw,
        raw_media_type=media_type,
        source_id=source_id,
    )
