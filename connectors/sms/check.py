"""``gateway check`` for SMS: the address of every account, and whether it can answer."""

from collections.abc import Sequence

from connectors.sms.sending import generic, jasmin, kannel, twilio
from connectors.sms.sending.settings import (
    GenericReply,
    JasminReply,
    KannelReply,
    ReplySettings,
    TwilioReply,
)
from connectors.sms.settings import Account, SmsSettings, TwilioAccount
from gateway.errors import GatewayFault
from gateway.http import Outgoing
from gateway.settings import ConfigFile, WebSettings

#: A person waits for it.
_SECONDS = 10.0


async def check(config: ConfigFile) -> Sequence[str]:
    """A line for every account.

    Raises:
        GatewayFault: names every account whose gateway does not take answers, and what to do.
        Misconfigured: a setting is wrong.
    """
    base_url = config.load(WebSettings).public_base_url.rstrip("/")
    lines, faults = [], []
    for account in config.load(SmsSettings).accounts:
        where = f"sms/{account.name} ({account.dialect})"
        try:
            answers = await _answers(account)
        except GatewayFault as fault:
            faults.append(f"{where}: {fault}")
        else:
            lines.append(f"{where}: receives at {base_url}/sms/{account.name}; {answers}")
    if faults:
        raise GatewayFault("; ".join(faults))
    return lines


async def _answers(account: Account) -> str:
    pictures = ""
    if isinstance(account, TwilioAccount) and account.media_user is None:
        pictures = "; fetches no pictures, for that set account_sid"
    if account.reply is None:
        return f"cannot answer, for that set reply{pictures}"
    outgoing = Outgoing((account.reply.url,), connect_seconds=_SECONDS, total_seconds=_SECONDS)
    try:
        return await _try(account.reply, outgoing) + pictures
    finally:
        await outgoing.close()


async def _try(reply: ReplySettings, outgoing: Outgoing) -> str:
    match reply:
        case KannelReply():
            return await kannel.check(reply, outgoing)
        case JasminReply():
            return await jasmin.check(reply, outgoing)
        case TwilioReply():
            return await twilio.check(reply, outgoing)
        case GenericReply():
            return await generic.check(reply, outgoing)
