"""Jasmin's HTTP API: ``/send`` as a form, the text as hex, which no encoding on the way harms."""

import re

from connectors.sms.encoding import encode_gsm7
from connectors.sms.sending.outcome import BAD_ADDRESS, BUSY, REJECTED, fault_of, told_apart
from connectors.sms.sending.settings import JasminReply
from gateway.contract import Reply
from gateway.errors import GatewayFault, ReplyAway, ReplyRefused
from gateway.http import Answer, Outgoing, OutgoingFault

#: Data codings of SMPP 3.4, 5.2.19.
_GSM, _UCS2 = "0", "8"
_SUCCESS = re.compile(rb'\s*Success "([^"]+)"')


async def send(settings: JasminReply, outgoing: Outgoing, to: str, reply: Reply) -> str | None:
    """Hand it over; the id that Jasmin gave it. No delivery report is asked for.

    Raises:
        ReplyRefused, ReplyAway, ReplyUnknown.
    """
    septets = encode_gsm7(reply.text)
    data = reply.text.encode("utf-16-be") if septets is None else septets
    form = {
        **_login(settings),
        "to": to,
        "coding": _UCS2 if septets is None else _GSM,
        "hex-content": data.hex(),
        "dlr": "no",
    }
    if settings.sender:
        form["from"] = settings.sender
    with told_apart():
        answer = await outgoing.call("POST", f"{settings.url.rstrip('/')}/send", data=form)
    taken = _SUCCESS.match(answer.body)
    if answer.status == 200 and taken:
        return taken[1].decode("utf-8", "replace")
    raise _fault(answer)


async def check(settings: JasminReply, outgoing: Outgoing) -> str:
    """The balance, which needs the password and sends nothing.

    Raises:
        GatewayFault.
    """
    url = f"{settings.url.rstrip('/')}/balance"
    try:
        answer = await outgoing.call("POST", url, data=_login(settings))
    except OutgoingFault:
        raise GatewayFault("no Jasmin answers at reply.url; its HTTP API has port 1401") from None
    if answer.status == 403:
        raise GatewayFault("Jasmin refuses reply.username or password")
    if answer.status != 200:
        raise GatewayFault(f"reply.url answers {answer.status}; that is no HTTP API of Jasmin")
    return "Jasmin takes answers"


def _fault(answer: Answer) -> GatewayFault:
    """403 is also for who is too fast or out of credit; 412: no route leads to the number."""
    words = answer.body.lower()
    if answer.status == 403 and b"throughput" in words:
        return ReplyAway(BUSY)
    if answer.status == 403 and b"charge" in words:
        return ReplyRefused(REJECTED)
    if answer.status == 412:
        return ReplyRefused(BAD_ADDRESS)
    return fault_of(answer)


def _login(settings: JasminReply) -> dict[str, str]:
    return {
        "username": settings.username,
        "password": settings.password.get_secret_value(),
    }
