"""Invented mails, put into the mailbox as if they had come in."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from imapclient import IMAPClient

from connectors.mail.imap import connected, log_in
from connectors.mail.settings import MailAccount, MailSettings
from connectors.mail.tokens import Tokens
from gateway.errors import GatewayFault, Misconfigured
from gateway.settings import ConfigFile


async def send_sample(config: ConfigFile, name: str | None, texts: Sequence[str]) -> int:
    """APPEND the texts to the account's folder; how many were taken.

    Raises:
        Misconfigured: there is no such account.
        GatewayFault: the mail server does not take them.
    """
    accounts = config.load(MailSettings).accounts
    account = next((one for one in accounts if name in (None, one.name)), None)
    if account is None:
        raise Misconfigured(
            f"no mail account {name or ''}; add [[mail.accounts]], or name one with --account"
        )
    secret = account.password.get_secret_value() if account.password else ""
    if account.oauth is not None:
        secret = await Tokens(account.oauth).get()
    try:
        await asyncio.to_thread(_append, account, secret, [invented(one) for one in texts])
    except (IMAPClient.Error, OSError) as error:
        raise GatewayFault(
            f"mailbox {account.name} does not take mails ({type(error).__name__}); "
            "`gateway check` says what is wrong"
        ) from None
    return len(texts)


def invented(text: str) -> bytes:
    """A mail of an invented person."""
    message = EmailMessage()
    message["From"] = Address("Sri Rejeki Contoh", "sri.contoh", "warga.example")
    message["To"] = "aduan@kabupaten.example"
    message["Subject"] = " ".join(text.split()[:6])
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{uuid.uuid4().hex}@warga.example>"
    message.set_content(text)
    return message.as_bytes()


def _append(account: MailAccount, secret: str, mails: Sequence[bytes]) -> None:
    with connected(account) as client:
        log_in(client, account, secret, oauth=account.oauth is not None)
        for mail in mails:
            client.append(account.folder, mail)
