"""Mail that no person wrote to us (RFC 3834 and what programs do instead).

What certainly nobody wrote (a bounce, our own answer come back) is a rejection. What only looks
automatic is kept as excluded, since a person may overrule that. Neither is ever answered.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.mail.headers import bare_address, decode_field, first_person, message_ids
from connectors.mail.message import Mail
from connectors.mail.parameters import parse_structured
from connectors.mail.settings import MailAccount
from connectors.mail.threads import domains_of, is_own
from normalizer.draft import RejectionReason
from normalizer.event import Exclusion

#: Stands in every answer of ours, with the address that answered.
LOOP_HEADER = "X-Loop"

_NOBODY = re.compile(
    r".*(?:no|not|jangan)[-_.]?(?:reply|respond|balas|dibalas)\b.*|mailer-?daemon"
    r"|postmaster|bounces?|listserv|majordomo|owner-.*|.*-request",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"(?:mailer-?daemon|mail-?delivery|mdaemon)\b.*", re.IGNORECASE)
_UNDELIVERED = re.compile(
    r"(?:undeliver|delivery (?:status|failure|has failed)|returned mail|mail delivery failed"
    r"|failure notice|tidak terkirim|gagal (?:ter|di)kirim|pesan tidak terkirim)",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|out of (?:the )?office|autoreply"
    r"|(?:balasan|jawaban|tanggapan) otomatis|di luar kantor|sedang cuti)\b",
    re.IGNORECASE,
)
_AUTO_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What kind of mail it is."""

    rejection: RejectionReason | None = None
    exclusion: Exclusion | None = None
    #: Whether its sender may get an answer.
    answerable: bool = True


_BOUNCE = Verdict(RejectionReason.BOUNCE, answerable=False)
_OWN_MESSAGE = Verdict(RejectionReason.OWN_MESSAGE, answerable=False)
_AUTO_REPLY = Verdict(exclusion=Exclusion.AUTO_REPLY, answerable=False)
_MAILING_LIST = Verdict(exclusion=Exclusion.MAILING_LIST, answerable=False)
_SILENT = Verdict(answerable=False)


def judge(mail: Mail, account: MailAccount) -> Verdict:
    """The first rule that holds decides."""
    if _is_own_message(mail, account.own_addresses):
        return _OWN_MESSAGE
    if _is_bounce(mail):
        return _BOUNCE
    if _is_auto_reply(mail):
        return _AUTO_REPLY
    if _is_list(mail, account.own_lists):
        return _MAILING_LIST
    if mail.field("x-auto-response-suppress").strip().lower() not in ("", "none"):
        # Exchange puts it on people's mail too: it asks for silence and says nothing of the sender.
        return _SILENT
    return Verdict()


def answer_address(mail: Mail, own: Iterable[str]) -> str | None:
    """Where an answer to this mail goes; None when there is nobody to answer."""
    for name in ("reply-to", "from"):
        _, written = first_person(mail.field(name))
        if written is None:
            continue
        address = bare_address(written)
        if address is None or address.lower() in own:
            return None
        return None if _NOBODY.fullmatch(address.rpartition("@")[0]) else address
    return None


def is_from_us(mail: Mail, own: frozenset[str]) -> bool:
    """Whether one of our addresses stands as its sender."""
    _, sender = first_person(mail.field("from"))
    return sender is not None and sender.lower() in own


def _is_own_message(mail: Mail, own: frozenset[str]) -> bool:
    if any(value.strip().lower() in own for value in mail.fields(LOOP_HEADER)):
        return True
    if any(is_own(one, domains_of(own)) for one in message_ids(mail.field("message-id"))):
        return True
    # The form on our own web site writes in our name, and names the citizen as who gets answers.
    _, answers = first_person(mail.field("reply-to"))
    return is_from_us(mail, own) and (answers is None or answers.lower() in own)


def _is_bounce(mail: Mail) -> bool:
    content_type = parse_structured(mail.field("content-type"))
    if content_type.value == "multipart/report":
        # A receipt is a report too, and says that somebody has read our answer.
        return content_type.parameters.get("report-type", "").lower() != "disposition-notification"
    _, sender = first_person(mail.field("from"))
    if sender is not None and _DAEMON.fullmatch(sender.partition("@")[0]):
        return True
    subject = decode_field(mail.field("subject"))
    failed = bool(mail.field("x-failed-recipients")) or _UNDELIVERED.match(subject.strip())
    return bool(failed) and _has_null_sender(mail)


def _is_auto_reply(mail: Mail) -> bool:
    submitted = parse_structured(mail.field("auto-submitted")).value.split(" ")[0]
    if submitted not in ("", "no"):
        return True
    if any(mail.field(name) for name in _AUTO_FIELDS):
        return True
    if mail.field("precedence").strip().lower() in ("auto_reply", "auto-reply", "junk"):
        return True
    content_type = parse_structured(mail.field("content-type"))
    if content_type.value == "multipart/report":
        return True
    return _has_null_sender(mail) or bool(_AWAY.match(decode_field(mail.field("subject")).strip()))


def _is_list(mail: Mail, own_lists: tuple[str, ...]) -> bool:
    list_id = decode_field(mail.field("list-id")).lower()
    if any(own.lower() in list_id for own in own_lists):
        return False
    if list_id or mail.field("list-unsubscribe"):
        return True
    return mail.field("precedence").strip().lower() in ("list", "bulk")


def _has_null_sender(mail: Mail) -> bool:
    # The topmost is the one that our own server wrote.
    return mail.field("return-path").strip() == "<>"
