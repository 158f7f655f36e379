"""The addresses that telephone systems call: ``/call/<account>``, and Twilio's ``…/voice``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from connectors.call_center import generic, joining, twilio
from connectors.call_center.proof import verify_hmac, verify_twilio
from connectors.call_center.settings import (
    Account,
    CallCenterSettings,
    GenericAccount,
    TwilioVoiceAccount,
)
from gateway.contract import Route, WebReply, WebRequest
from gateway.settings import ConfigFile, WebSettings
from normalizer.draft import Draft, Gathering
from normalizer.event import Channel

Clock = Callable[[], datetime]

#: FreeSWITCH writes all variables of a call into its CDR.
_MAX_BODY_BYTES = 262_144


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CallCenterConnector:
    """Every account of ``[call_center]``."""

    accounts: tuple[Account, ...]
    #: What Twilio's signatures are made over, and what it is told to call.
    public_base_url: str
    #: Decides whether a signed request is too old.
    clock: Clock = utc_now

    def routes(self) -> Sequence[Route]:
        """One for every account; for Twilio's three."""
        return [route for account in self.accounts for route in self._routes_of(account)]

    @property
    def joined_channels(self) -> tuple[Channel, ...]:
        """A call is told event by event."""
        return (Channel.CALL_CENTER,)

    def join(self, gathering: Gathering) -> Draft:
        """See ``connectors.call_center.joining``."""
        name = gathering.pieces[0].account
        # An account that was taken out of the settings meanwhile: as by default.
        agent_types = next((one.agent_types for one in self.accounts if one.name == name), True)
        return joining.join(gathering, agent_types=agent_types)

    def _routes_of(self, account: Account) -> Sequence[Route]:
        match account:
            case GenericAccount():
                check = partial(self._verify_generic, account)
                return [_route(account, "", check, partial(generic.read, account))]
            case TwilioVoiceAccount():
                url = self.public_base_url
                check = partial(verify_twilio, account, url)
                return [
                    _route(account, "", check, partial(twilio.read, account)),
                    # Twilio lets one choose the method of this one.
                    _route(account, "/voice", check, partial(twilio.read_voice, account, url)),
                    _route(
                        account, "/voice", check, partial(twilio.read_voice, account, url), "GET"
                    ),
                ]

    def _verify_generic(self, account: GenericAccount, request: WebRequest) -> None:
        verify_hmac(account.verify, self.clock(), request)


def _route(
    account: Account,
    below: str,
    verify: Callable[[WebRequest], None],
    read: Callable[[WebRequest], WebReply],
    method: Literal["GET", "POST"] = "POST",
) -> Route:
    return Route(
        method=method,
        path=f"/call/{account.name}{below}",
        channel=Channel.CALL_CENTER,
        account=account.name,
        verify=verify,
        read=read,
        max_body_bytes=_MAX_BODY_BYTES,
    )


def build(config: ConfigFile) -> Sequence[CallCenterConnector]:
    """The connector; none when no account is set up. Raises Misconfigured."""
    accounts = config.load(CallCenterSettings).accounts
    if not accounts:
        return ()
    return (CallCenterConnector(accounts, config.load(WebSettings).public_base_url),)
