"""Answers by WhatsApp, Messenger and Instagram; to public comments by a private message.

WhatsApp Cloud API, "Messages" and "Error codes"; Messenger Platform, "Send API", "Private replies"
and "Error codes". A platform that refuses is believed; one that breaks off is not asked twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from connectors.meta.fields import as_id, as_mapping
from connectors.meta.graph import Graph, GraphError, error_of
from connectors.meta.settings import Account, InstagramAccount, MetaApp, MetaSettings
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.http import Answer, NotSent, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath

#: Code, or code and subcode, to the reason of a refusal.
_REFUSALS: Mapping[tuple[int, int | None], str] = {
    # The day of free text is over.
    (131047, None): "expired",
    (10, 2018278): "expired",
    (10, 2018065): "expired",
    (10, 2534022): "expired",
    # "Activity already replied to": a comment takes one private answer.
    (10900, None): "already_answered",
    (551, None): "blocked",
    (10, 2018108): "blocked",
    (131050, None): "blocked",
    (131026, None): "bad_address",
    (131021, None): "bad_address",
    (131030, None): "bad_address",
    (100, 2018001): "bad_address",
    (100, 2534014): "bad_address",
}
#: "Temporarily unavailable", "temporary send message failure": nothing was taken.
_NOT_TAKEN = frozenset((1200, 131016, 133004))


@dataclass(frozen=True, slots=True)
class MetaReplier:
    """How one page, Instagram account or WhatsApp number answers."""

    channel: Channel
    account: str
    graph: Graph
    #: Who sends: a phone number id, a page id, an Instagram account id.
    sends_as: str
    now: Callable[[], datetime]

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """See ``Replier.reply``."""
        if path.expires_at is not None and self.now() >= path.expires_at:
            raise ReplyRefused("expired")
        payload = self._payload(path, reply)
        try:
            answer = await self.graph.post(f"{self.sends_as}/messages", payload)
        except NotSent:
            raise ReplyAway("no_connection") from None
        except OutgoingFault:
            raise ReplyUnknown("Meta did not answer") from None
        error = error_of(answer)
        if error is not None:
            raise _fault(error, answer)
        return _message_id(answer)

    async def close(self) -> None:
        """Let go; never raises."""
        await self.graph.close()

    def _payload(self, path: ReplyPath, reply: Reply) -> Mapping[str, Any]:
        if self.channel is Channel.WHATSAPP:
            return _whatsapp_payload(path, reply)
        payload = {"recipient": _recipient(path.address), "message": {"text": reply.text}}
        if self.channel is Channel.FACEBOOK and "id" in payload["recipient"]:
            return {**payload, "messaging_type": "RESPONSE"}
        return payload


def build_repliers(config: ConfigFile) -> Sequence[MetaReplier]:
    """Everybody with a token who is to answer.

    Raises:
        Misconfigured: a setting is wrong.
    """
    return tuple(
        _replier(app, channel, account, account.access_token)
        for app in config.load(MetaSettings).apps
        for channel, account in app.accounts()
        if account.reply and account.access_token is not None
    )


def _replier(app: MetaApp, channel: Channel, account: Account, token: SecretStr) -> MetaReplier:
    through = account.page_id if isinstance(account, InstagramAccount) else None
    return MetaReplier(
        channel=channel,
        account=account.name,
        graph=Graph(app, token),
        sends_as=through or account.id,
        now=lambda: datetime.now(UTC),
    )


def _whatsapp_payload(path: ReplyPath, reply: Reply) -> Mapping[str, Any]:
    # A number goes into "to"; who hides it is reached by the business-scoped id.
    number = path.address.removeprefix("+")
    to = {"to": number} if number.isdecimal() else {"recipient": path.address}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **to,
        **({"context": {"message_id": path.thread}} if path.thread else {}),
        "type": "text",
        "text": {"preview_url": False, "body": reply.text},
    }


def _recipient(address: str) -> dict[str, str]:
    """Page-scoped ids are digits; what a private reply goes to says what it is."""
    kind, separator, subject = address.partition(":")
    if separator and kind in ("comment", "post"):
        return {f"{kind}_id": subject}
    return {"id": address}


def _fault(error: GraphError, answer: Answer) -> ReplyRefused | ReplyAway | ReplyUnknown:
    if error.code is not None:
        exact = _REFUSALS.get((error.code, error.subcode))
        reason = exact or _REFUSALS.get((error.code, None))
        if reason is not None:
            return ReplyRefused(reason)
    if error.is_rate_limit:
        return ReplyAway("rate_limited", answer.retry_after_seconds)
    if error.code in _NOT_TAKEN:
        return ReplyAway("platform_away", answer.retry_after_seconds)
    if error.is_credentials:
        return ReplyAway("credentials")
    if error.status >= 500 or error.code in (1, 2):
        # "The messages are all sent successfully, but the endpoint returns an error" (1).
        return ReplyUnknown("Meta failed while sending")
    return ReplyRefused("refused")


def _message_id(answer: Answer) -> str | None:
    body = as_mapping(answer.json())
    messages = body.get("messages")
    first = as_mapping(messages[0] if isinstance(messages, list) and messages else None)
    return as_id(body.get("message_id")) or as_id(first.get("id"))
