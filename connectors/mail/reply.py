"""Answers by mail (RFC 3834): marked as automatic, no return path, in the reporter's thread."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from connectors.mail.automatic import LOOP_HEADER
from connectors.mail.settings import MailAccount, MailSettings, SmtpServer
from connectors.mail.threads import own_message_id
from connectors.mail.tokens import Tokens
from gateway.contract import Reply
from gateway.errors import NotConnected, ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath


class MailReplier:
    """Implements ``Replier``. One connection for one answer: they are few."""

    channel = Channel.EMAIL

    def __init__(self, account: MailAccount, smtp: SmtpServer) -> None:
        self.account = account.event_account
        self._smtp = smtp
        self._tokens = Tokens(smtp.oauth) if smtp.oauth else None

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """See ``Replier.reply``; the answer's Message-ID."""
        message = self._message(path, reply)
        client = await self._connected()
        try:
            await client.sendmail(self._smtp.envelope_from, [path.address], message.as_bytes())
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientsRefused) as fault:
            raise _refused(_code_of(fault), "bad_address") from None
        except aiosmtplib.SMTPResponseException as fault:
            raise _refused(fault.code, "rejected") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            # It may have been taken before the connection went.
            raise ReplyUnknown("the mail server did not say whether it took the answer") from None
        finally:
            client.close()
        return str(message["Message-ID"])

    async def close(self) -> None:
        """See ``Replier.close``."""

    async def check(self) -> None:
        """Log in and out again. Raises ReplyAway."""
        (await self._connected()).close()

    async def _connected(self) -> aiosmtplib.SMTP:
        smtp = self._smtp
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.effective_port,
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
        except (aiosmtplib.SMTPAuthenticationError, NotConnected):
            client.close()
            raise ReplyAway("credentials") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            client.close()
            raise ReplyAway("unreachable") from None
        return client

    def _message(self, path: ReplyPath, reply: Reply) -> EmailMessage:
        ours = self._smtp.from_address
        message = EmailMessage()
        message["From"] = Address(self._smtp.from_name, addr_spec=ours)
        message["To"] = path.address
        message["Subject"] = reply.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        domain = ours.rpartition("@")[2]
        message["Message-ID"] = own_message_id(reply.key, path.thread, domain)
        if path.thread and path.thread.startswith("<"):
            answered = path.thread.partition("#")[0]
            message["In-Reply-To"] = answered
            message["References"] = answered
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = ours
        message.set_content(reply.text)
        return message


def _refused(code: int, reason: str) -> ReplyRefused | ReplyAway:
    """4xx is for now, 5xx for ever (RFC 5321, 4.2.1)."""
    return ReplyRefused(reason) if code >= 500 else ReplyAway("busy")


def _code_of(fault: aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPRecipientsRefused) -> int:
    if isinstance(fault, aiosmtplib.SMTPRecipientsRefused):
        return max(one.code for one in fault.recipients)
    return fault.code


def build_repliers(config: ConfigFile) -> Sequence[MailReplier]:
    """One for every mailbox that says how mail is sent. Raises Misconfigured."""
    return [
        MailReplier(account, account.smtp)
        for account in config.load(MailSettings).accounts
        if account.smtp is not None
    ]
