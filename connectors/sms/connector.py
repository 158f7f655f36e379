"""The addresses that SMS gateways call: ``/sms/<account>``, by GET and by POST."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from connectors.sms.dialects import generic, jasmin, kannel, twilio
from connectors.sms.settings import (
    Account,
    GenericAccount,
    HmacProof,
    JasminAccount,
    KannelAccount,
    SmsSettings,
    TwilioAccount,
)
from gateway.contract import Route, WebReply, WebRequest
from gateway.settings import ConfigFile, WebSettings
from normalizer.event import Channel

Clock = Callable[[], datetime]
Verify = Callable[[WebRequest], None]
Read = Callable[[WebRequest], WebReply]


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SmsConnector:
    """Every account of ``[sms]``."""

    accounts: tuple[Account, ...]
    #: What Twilio's signatures are made over.
    public_base_url: str
    #: Decides whether a signed request is too old.
    clock: Clock = utc_now

    def routes(self) -> Sequence[Route]:
        """Two for every account: some providers let nobody choose the method."""
        return [route for account in self.accounts for route in self._routes_of(account)]

    def _routes_of(self, account: Account) -> Sequence[Route]:
        verify, read = self._dialect(account)
        signed = isinstance(account, TwilioAccount) or (
            isinstance(account, GenericAccount) and isinstance(account.verify, HmacProof)
        )
        return [
            Route(
                method=method,
                path=f"/sms/{account.name}",
                channel=Channel.SMS,
                account=account.name,
                verify=verify,
                read=read,
                forged_status=403 if signed else 401,
            )
            for method in ("GET", "POST")
        ]

    def _dialect(self, account: Account) -> tuple[Verify, Read]:
        match account:
            case KannelAccount():
                return partial(kannel.verify, account), partial(kannel.read, account)
            case JasminAccount():
                return partial(jasmin.verify, account), partial(jasmin.read, account)
            case TwilioAccount():
                verify = partial(twilio.verify, account, self.public_base_url)
                return verify, partial(twilio.read, account)
            case GenericAccount():
                return partial(self._verify_generic, account), partial(generic.read, account)

    def _verify_generic(self, account: GenericAccount, request: WebRequest) -> None:
        generic.verify(account, self.clock(), request)


def build(config: ConfigFile) -> Sequence[SmsConnector]:
    """The connector; none when no account is set up.

    Raises:
        Misconfigured: an account lacks what proves its caller, or a setting is wrong.
    """
    accounts = config.load(SmsSettings).accounts
    if not accounts:
        return ()
    return (SmsConnector(accounts, config.load(WebSettings).public_base_url),)
