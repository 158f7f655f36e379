"""How the sender of an SMS is answered: by the gateway that the account names in ``reply``."""

from collections.abc import Sequence

from connectors.sms.sending import generic, jasmin, kannel, twilio
from connectors.sms.sending.outcome import BAD_ADDRESS
from connectors.sms.sending.settings import (
    GenericReply,
    JasminReply,
    KannelReply,
    ReplySettings,
    TwilioReply,
)
from connectors.sms.settings import SmsSettings
from gateway.contract import Reply
from gateway.errors import ReplyRefused
from gateway.http import Outgoing
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath
from normalizer.phone import to_e164


class SmsReplier:
    """One account that can answer; see ``gateway.contract.Replier``."""

    def __init__(self, account: str, settings: ReplySettings) -> None:
        self.channel = Channel.SMS
        self.account = account
        self._settings = settings
        self._outgoing: Outgoing | None = None

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """Hand the answer to the gateway; the gateway's id of it, where it gives one.

        Raises:
            ReplyRefused: ``bad_address``, ``rejected``, ``credentials``.
            ReplyAway: ``unreachable``, ``busy``.
            ReplyUnknown: no answer, or one that leaves open whether it was sent.
        """
        to = to_e164(path.address)
        if to is None:
            raise ReplyRefused(BAD_ADDRESS)
        # A session belongs to the loop it is made in.
        if self._outgoing is None:
            self._outgoing = Outgoing((self._settings.url,))
        match self._settings:
            case KannelReply() as settings:
                await kannel.send(settings, self._outgoing, to, reply)
                return None
            case JasminReply() as settings:
                return await jasmin.send(settings, self._outgoing, to, reply)
            case TwilioReply() as settings:
                return await twilio.send(settings, self._outgoing, to, reply)
            case GenericReply() as settings:
                return await generic.send(settings, self._outgoing, to, reply)

    async def close(self) -> None:
        """Let go; never raises."""
        if self._outgoing is not None:
            await self._outgoing.close()
            self._outgoing = None


def build_repliers(config: ConfigFile) -> Sequence[SmsReplier]:
    """One for every account with ``reply``. Raises Misconfigured."""
    return [
        SmsReplier(account.name, account.reply)
        for account in config.load(SmsSettings).accounts
        if account.reply is not None
    ]
