"""Tries the mailboxes: login, folder, marks, and the way out."""

import asyncio
from collections.abc import Sequence

from connectors.mail.imap import Folder, Mailbox
from connectors.mail.reply import MailReplier
from connectors.mail.settings import MailAccount, MailSettings
from connectors.mail.tokens import Tokens
from gateway.errors import GatewayFault, NotConnected, ReplyAway
from gateway.settings import ConfigFile


async def check(config: ConfigFile) -> Sequence[str]:
    """A line for each mailbox, and one for what is odd about all of them.

    Raises:
        GatewayFault: a server does not answer or refuses us; says which mailbox and what to do.
    """
    accounts = config.load(MailSettings).accounts
    lines = [await _one(account) for account in accounts]
    if len({account.event_account for account in accounts}) > 1:
        lines.append(
            "a mail that goes to two of the mailboxes is two complaints, unless they have the "
            "same group"
        )
    return lines


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
        await MailReplier(account.event_account, account.smtp).check()
    except ReplyAway as fault:
        raise GatewayFault(
            f"mailbox {account.name}: its smtp server cannot be used ({fault.reason}); "
            "check host, port, security and login under smtp"
        ) from None
    return f"{said}; answers go out over its smtp server"


def _look(account: MailAccount, secret: str) -> str:
    box = Mailbox(account)
    try:
        folder = box.open(secret, oauth=account.oauth is not None)
        unmarked = len(box.unmarked()) if folder.marks else None
    finally:
        box.close()
    marks = f"{unmarked} of them not marked as taken"
    if unmarked is None:
        marks = "keywords do not last here, so taken mails are known by their UID alone"
    return f"{account.name}: {folder.messages} mails, {marks}, {_ways(account, folder)}"


def _ways(account: MailAccount, folder: Folder) -> str:
    news = "IDLE" if folder.can_idle else f"asked every {account.poll_seconds:.0f} s"
    moved = ""
    if account.after == "move" and not folder.can_move:
        moved = ", knows neither MOVE nor UIDPLUS: moved mails stay, marked deleted"
    return f"UIDVALIDITY {folder.uidvalidity}, {news}{moved}"
