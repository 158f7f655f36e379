"""The addresses that telephone systems call: ``/call/<account>``."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from connectors.call_center import generic, twilio_voice
from connectors.call_center.payload import join
from connectors.call_center.settings import Account, CallCenterSettings, GenericAccount
from gateway.contract import Route
from gateway.settings import ConfigFile, WebSettings
from normalizer.draft import Draft, Gathering
from normalizer.event import Channel


@dataclass(frozen=True, slots=True)
class CallCenterConnector:
    """Every account of ``[call_center]``. Implements ``WebConnector`` and ``Joins``."""

    accounts: tuple[Account, ...]
    public_base_url: str

    @property
    def joined_channels(self) -> tuple[Channel, ...]:
        """See ``Joins``."""
        return (Channel.CALL_CENTER,)

    def join(self, gathering: Gathering) -> Draft:
        """See ``Joins``. Of an account that is gone, an agent typed what was said."""
        name = gathering.pieces[0].account
        return join(
            gathering, next((one.agent_types for one in self.accounts if one.name == name), True)
        )

    def routes(self) -> Sequence[Route]:
        """One for every account, and one for the words of a voicemail line."""
        return [route for account in self.accounts for route in self._routes_of(account)]

    def _routes_of(self, account: Account) -> list[Route]:
        path, channel = f"/call/{account.name}", Channel.CALL_CENTER
        if isinstance(account, GenericAccount):
            verify, read = partial(generic.verify, account), partial(generic.read, account)
            return [Route("POST", path, channel, account.name, verify, read)]
        signed = partial(twilio_voice.verify, account, self.public_base_url)
        taken = partial(twilio_voice.read, account)
        said = partial(twilio_voice.voice, account, self.public_base_url)
        return [
            Route("POST", path, channel, account.name, signed, taken),
            # Twilio lets one choose the method of this one.
            Route("GET", f"{path}/voice", channel, account.name, signed, said),
        ]


def build(config: ConfigFile) -> Sequence[CallCenterConnector]:
    """The connector; none when no account is set up. Raises Misconfigured."""
    accounts = config.load(CallCenterSettings).accounts
    if not accounts:
        return ()
    return (CallCenterConnector(accounts, config.load(WebSettings).public_base_url),)
