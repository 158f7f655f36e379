"""Answers on X: a direct message to a direct message, an invitation in public to a mention.

Manuals: "Manage Direct Messages", POST /2/dm_conversations/with/:participant_id/messages;
"Manage Posts", POST /2/tweets. X takes no idempotency key.
"""

from collections.abc import Sequence

from connectors.x.api import Signer, is_our_fault, signer_of
from connectors.x.settings import XAccount, XSettings
from connectors.x.values import at, identifier
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.http import Answer, NotSent, Outgoing, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath


class XReplier:
    """Answers in the name of one account."""

    def __init__(self, account: XAccount, signer: Signer, api_base_url: str) -> None:
        self._account = account
        self._signer = signer
        self._api = api_base_url
        self._outgoing: Outgoing | None = None

    @property
    def channel(self) -> Channel:
        """X."""
        return Channel.X

    @property
    def account(self) -> str:
        """The account whose items it answers."""
        return self._account.name

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """See ``Replier.reply``. What X makes of its repetition it decides itself: it refuses the
        same public words twice.
        """
        if path.public:
            if not self._account.answer_mentions:
                raise ReplyRefused("public_off")
            return await self._post(path, reply)
        return await self._send(path, reply)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._outgoing is not None:
            await self._outgoing.close()

    async def _send(self, path: ReplyPath, reply: Reply) -> str | None:
        url = f"{self._api}/2/dm_conversations/with/{path.address}/messages"
        answer = await self._call(url, {"text": reply.text})
        return identifier(at(answer.json(), "data", "dm_event_id"))

    async def _post(self, path: ReplyPath, reply: Reply) -> str | None:
        # X refuses words that it has seen from us before; whom they are for makes them differ.
        text = f"{path.address} {reply.text}" if path.address.startswith("@") else reply.text
        body = {"text": text, "reply": {"in_reply_to_tweet_id": path.thread}}
        answer = await self._call(f"{self._api}/2/tweets", body)
        return identifier(at(answer.json(), "data", "id"))

    async def _call(self, url: str, body: object) -> Answer:
        if self._outgoing is None:
            self._outgoing = Outgoing(trusted=(self._api,))
        try:
            answer = await self._signer.call(self._outgoing, "POST", url, body)
        except NotSent:
            raise ReplyAway("no_connection") from None
        except OutgoingFault:
            raise ReplyUnknown("X did not answer; look whether the message is there") from None
        self._judge(answer)
        return answer

    def _judge(self, answer: Answer) -> None:
        """Raises unless X has taken it. Nothing of X's own words is passed on."""
        status = answer.status
        if 200 <= status < 300:
            return
        if is_our_fault(answer):
            raise ReplyAway("credentials")
        if status == 429:
            raise ReplyAway("rate_limited", self._signer.pause_seconds(answer))
        if status == 503:
            raise ReplyAway("platform_away", answer.retry_after_seconds)
        if status >= 500:
            raise ReplyUnknown("X failed while it had the message; look whether it is there")
        if status == 403:
            raise ReplyRefused("duplicate" if b"duplicate content" in answer.body else "blocked")
        raise ReplyRefused("unknown_recipient" if status == 404 else "refused")


def build_repliers(config: ConfigFile) -> Sequence[XReplier]:
    """One for every account with keys. Raises Misconfigured."""
    settings = config.load(XSettings)
    return tuple(
        XReplier(account, signer_of(account, account.keys), settings.api_base_url)
        for account in settings.accounts
        if account.keys is not None
    )
