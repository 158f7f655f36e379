"""Kannel's ``sendsms`` by POST: number, text and password stay out of addresses and their logs."""

from connectors.sms.encoding import encode_gsm7
from connectors.sms.sending.outcome import fault_of, told_apart
from connectors.sms.sending.settings import KannelReply
from gateway.contract import Reply
from gateway.errors import GatewayFault
from gateway.http import Outgoing, OutgoingFault

_GSM, _UCS2 = "0", "2"


async def send(settings: KannelReply, outgoing: Outgoing, to: str, reply: Reply) -> None:
    """Hand it over; Kannel names no id. No delivery report is asked for.

    Raises:
        ReplyRefused, ReplyAway, ReplyUnknown.
    """
    headers = {
        **_login(settings),
        "Content-Type": "text/plain; charset=UTF-8",
        "X-Kannel-To": to,
        "X-Kannel-Coding": _UCS2 if encode_gsm7(reply.text) is None else _GSM,
    }
    if settings.sender:
        headers["X-Kannel-From"] = settings.sender
    if settings.smsc is not None:
        headers["X-Kannel-SMSC"] = settings.smsc
    with told_apart():
        answer = await outgoing.call(
            "POST", settings.url, headers=headers, data=reply.text.encode()
        )
    if answer.status not in (200, 202):
        raise fault_of(answer)


async def check(settings: KannelReply, outgoing: Outgoing) -> str:
    """A request without a receiver: Kannel looks at the password first and sends nothing.

    Raises:
        GatewayFault.
    """
    headers = {**_login(settings), "Content-Type": "text/plain"}
    try:
        answer = await outgoing.call("POST", settings.url, headers=headers, data=b"")
    except OutgoingFault:
        raise GatewayFault(
            "no Kannel smsbox answers at reply.url; is sendsms-port right?"
        ) from None
    if answer.status == 403:
        raise GatewayFault("Kannel refuses reply.username or password; see group sendsms-user")
    if answer.status != 400:
        raise GatewayFault(f"reply.url answers {answer.status}; that is no sendsms of Kannel")
    return "Kannel takes answers"


def _login(settings: KannelReply) -> dict[str, str]:
    return {
        "X-Kannel-Username": settings.username,
        "X-Kannel-Password": settings.password.get_secret_value(),
    }
