"""Answers by mail (RFC 3834): marked as automatic, no return path, in the reporter's thread."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

import aiosmtplib

from connectors.mail.automatic import LOOP_HEADER
from connectors.mail.headers import bare_address
from connectors.mail.settings import MailSettings, SmtpServer
from connectors.mail.threads import own_message_id
from connectors.mail.tokens import Tokens
from gateway.contract import Reply
from gateway.errors import NotConnected, ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath

#: What a server says when it has something against us and not against this answer.
_LOGIN_FAULTS = (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPNotSupported, NotConnected)


class MailReplier:
    """Implements ``Replier``. One connection for one answer: they are few."""

    channel = Channel.EMAIL

    def __init__(self, account: str, smtp: SmtpServer) -> None:
        self.account = account
        self._smtp = smtp
        self._domain = smtp.from_address.rpartition("@")[2]
        self._tokens = Tokens(smtp.oauth) if smtp.oauth else None

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """See ``Replier.reply``; the answer's Message-ID."""
        # An address with letters beyond ASCII needs SMTPUTF8 on every server of the way.
        if bare_address(path.address) is None or not path.address.isascii():
            raise ReplyRefused("bad_address")
        message_id = own_message_id(reply.key, path.thread, self._domain)
        wire = self._wire(path, reply, message_id)
        client = await self._connected()
        try:
            await self._envelope(client, path.address)
            await self._hand_over(client, wire)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()
        return message_id

    async def close(self) -> None:
        """See ``Replier.close``: there is nothing to let go."""

    async def check(self) -> None:
        """Log in and out again. Raises ReplyAway."""
        (await self._connected()).close()

    async def _connected(self) -> aiosmtplib.SMTP:
        smtp = self._smtp
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.effective_port,
            # The library would ask DNS what this machine is called.
            local_hostname=self._domain,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            timeout=smtp.timeout_seconds,
            cert_bundle=str(smtp.ca_file) if smtp.ca_file else None,
        )
        try:
            await client.connect()
            if smtp.username is not None and self._tokens is not None:
                await client.auth_xoauth2(smtp.username, await self._tokens.get())
            elif smtp.username is not None and smtp.password is not None:
                await client.login(smtp.username, smtp.password.get_secret_value())
        except _LOGIN_FAULTS:
            client.close()
            if self._tokens is not None:
                self._tokens.forget()
            raise ReplyAway("credentials") from None
        except (aiosmtplib.SMTPException, OSError):
            client.close()
            raise ReplyAway("unreachable") from None
        except BaseException:
            client.close()
            raise
        return client

    async def _envelope(self, client: aiosmtplib.SMTP, address: str) -> None:
        try:
            await client.mail(self._smtp.envelope_from)
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as fault:
            raise _refused(fault.code, "bad_address") from None
        except aiosmtplib.SMTPResponseException as fault:
            raise _refused(fault.code, "rejected") from None
        except (aiosmtplib.SMTPException, OSError):
            raise ReplyAway("unreachable") from None

    async def _hand_over(self, client: aiosmtplib.SMTP, wire: bytes) -> None:
        try:
            await client.data(wire)
        except aiosmtplib.SMTPResponseException as fault:
            raise _refused(fault.code, "rejected") from None
        except (aiosmtplib.SMTPException, OSError):
            # It may have been taken before the connection went.
            raise ReplyUnknown("the mail server did not say whether it took the answer") from None

    def _wire(self, path: ReplyPath, reply: Reply, message_id: str) -> bytes:
        ours = self._smtp.from_address
        message = EmailMessage(policy=WIRE)
        try:
            message["From"] = Address(self._smtp.from_name, addr_spec=ours)
            message["To"] = Address(addr_spec=path.address)
            message["Subject"] = reply.subject
        except (ValueError, MessageError):
            raise ReplyRefused("bad_address") from None
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = ours
        message.set_content(reply.text, cte="quoted-printable")
        return _threading(message_id, path.thread) + message.as_bytes()


def _threading(message_id: str, answered: str | None) -> bytes:
    """The fields that carry ids, as they are: the library encodes those that are long."""
    lines = [f"Message-ID: {message_id}"]
    # A hash stands for a mail without an id; "#" and more for one whose id was used before.
    first = (answered or "").partition(">#")[0].removesuffix(">") + ">"
    if first.startswith("<") and first.isascii() and first.isprintable() and " " not in first:
        lines += [f"In-Reply-To: {first}", f"References: {first}"]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _refused(code: int, reason: str) -> ReplyRefused | ReplyAway:
    """4xx is for now, 5xx for ever (RFC 5321, 4.2.1)."""
    return ReplyRefused(reason) if code >= 500 else ReplyAway("busy")


def build_repliers(config: ConfigFile) -> Sequence[MailReplier]:
    """One for every account of events; of a group's mailboxes the first that says how.

    Raises:
        Misconfigured: a setting is wrong.
    """
    found: dict[str, MailReplier] = {}
    for account in config.load(MailSettings).accounts:
        if account.smtp is not None and account.event_account not in found:
            found[account.event_account] = MailReplier(account.event_account, account.smtp)
    return list(found.values())
