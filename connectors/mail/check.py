"""Tries the mailboxes: login, folder, marks, and the way out."""

import asyncio
from collections.abc import Sequence

from connectors.mail.imap import Mailbox
from connectors.mail.reply import MailReplier
from connectors.mail.settings import MailAccount, MailSettings
from connectors.mail.tokens import Tokens
from gateway.errors import GatewayFault, NotConnected, ReplyAway
from gateway.settings import ConfigFile


async def check(config: ConfigFile) -> Sequence[str]:
    """A line for each mailbox.

    Raises:
        GatewayFault: a server does not answer or refuses us; says which mailbox and what to do.
    """
    return [await _one(account) for account in config.load(MailSettings).accounts]


async def _one(account: MailAccount) -> str:
    try:
        secret = account.password.get_secret_value() if account.password else ""
        if account.oauth is not None:
            secret = await Tokens(account.oauth).get()
        said = await asyncio.to_thread(_look, account, secret)
    except NotConnected as fault:
        raise GatewayFault(f"mailbox {account.name}: {fault}") from None
    if account.smtp is None:
        return f"{said}; nobody is answered (no smtp)"
    try:
        await MailReplier(account, account.smtp).check()
    except ReplyAway as fault:
        raise GatewayFault(
            f"mailbox {account.name}: its smtp server cannot be used ({fault.reason}); "
            "check host, port, security and login under smtp"
        ) from None
    return f"{said}; answers go out over its smtp server"


def _look(account: MailAccount, secret: str) -> str:
    box = Mailbox(account)
    try:
        box.open(secret, oauth=account.oauth is not None)
        waiting = len(box.listed(0).sizes)
    finally:
        box.close()
    marks = "marks last" if box.marks else "no marks: read by UID alone"
    news = "IDLE" if box.can_idle else f"asked every {account.poll_seconds:.0f} s"
    return (
        f"{account.name}: {box.messages} mails, {waiting} not taken yet, "
        f"UIDVALIDITY {box.uidvalidity}, {marks}, {news}"
    )
