"""Twilio's Messages resource ("Create a Message")."""

from connectors.sms.sending.outcome import BAD_ADDRESS, CREDENTIALS, fault_of, told_apart
from connectors.sms.sending.settings import TwilioReply
from gateway.contract import Reply
from gateway.errors import GatewayFault, ReplyRefused
from gateway.http import Answer, Outgoing, OutgoingFault

#: No number, not reachable by SMS, not allowed, unsubscribed, no mobile number.
_ADDRESS_CODES = (21211, 21214, 21217, 21408, 21421, 21610, 21612, 21614)


async def send(settings: TwilioReply, outgoing: Outgoing, to: str, reply: Reply) -> str | None:
    """Hand it over; the Message SID.

    Raises:
        ReplyRefused, ReplyAway, ReplyUnknown.
    """
    form = {"To": to, "Body": reply.text}
    if settings.messaging_service_sid is not None:
        form["MessagingServiceSid"] = settings.messaging_service_sid
    elif settings.sender is not None:
        form["From"] = settings.sender
    with told_apart():
        answer = await outgoing.call(
            "POST", f"{_account_url(settings)}/Messages.json", data=form, auth=_login(settings)
        )
    said = answer.json()
    if answer.status in (200, 201):
        sid = said.get("sid") if isinstance(said, dict) else None
        return sid if isinstance(sid, str) else None
    raise _fault(answer, said.get("code") if isinstance(said, dict) else None)


async def check(settings: TwilioReply, outgoing: Outgoing) -> str:
    """The account itself, read with the token.

    Raises:
        GatewayFault.
    """
    try:
        answer = await outgoing.call("GET", f"{_account_url(settings)}.json", auth=_login(settings))
    except OutgoingFault:
        raise GatewayFault("Twilio's API cannot be reached; may this machine call out?") from None
    if answer.status in (401, 403, 404):
        raise GatewayFault("Twilio refuses reply.account_sid or auth_token")
    if answer.status != 200:
        raise GatewayFault(f"Twilio's API answers {answer.status}; try again later")
    return "Twilio takes answers"


def _fault(answer: Answer, code: object) -> GatewayFault:
    if answer.status in (400, 403) and code in _ADDRESS_CODES:
        return ReplyRefused(BAD_ADDRESS)
    if answer.status == 404:
        # The account in the address does not exist.
        return ReplyRefused(CREDENTIALS)
    return fault_of(answer)


def _account_url(settings: TwilioReply) -> str:
    return f"{settings.url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}"


def _login(settings: TwilioReply) -> tuple[str, str]:
    return settings.account_sid, settings.auth_token.get_secret_value()
