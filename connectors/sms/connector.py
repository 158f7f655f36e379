"""The addresses that SMS gateways call: ``/sms/<account>``, by GET and by POST."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from connectors.sms import joining
from connectors.sms.dialects import (
    africastalking,
    bird,
    clickatell,
    gammu,
    generic,
    infobip,
    jasmin,
    kannel,
    plivo,
    twilio,
    vonage,
)
from connectors.sms.settings import (
    Account,
    AfricasTalkingAccount,
    BirdAccount,
    ClickatellAccount,
    GammuAccount,
    GenericAccount,
    HmacProof,
    InfobipAccount,
    JasminAccount,
    KannelAccount,
    PlivoAccount,
    SmsSettings,
    TwilioAccount,
    VonageAccount,
)
from gateway.contract import Route, WebReply, WebRequest
from gateway.settings import ConfigFile, WebSettings
from normalizer.draft import Draft, Gathering
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
    #: What the signatures of some providers are made over.
    public_base_url: str
    #: Decides whether a signed request is too old.
    clock: Clock = utc_now

    def routes(self) -> Sequence[Route]:
        """Two for every account: some providers let nobody choose the method."""
        return [route for account in self.accounts for route in self._routes_of(account)]

    @property
    def joined_channels(self) -> tuple[Channel, ...]:
        """Long messages come in parts."""
        return (Channel.SMS,)

    def join(self, gathering: Gathering) -> Draft:
        """See ``connectors.sms.joining``."""
        return joining.join(gathering)

    def _routes_of(self, account: Account) -> Sequence[Route]:
        verify, read = self._dialect(account)
        return [
            Route(
                method=method,
                path=f"/sms/{account.name}",
                channel=Channel.SMS,
                account=account.name,
                verify=verify,
                read=read,
                forged_status=403 if _is_signed(account) else 401,
            )
            for method in ("GET", "POST")
        ]

    def _dialect(self, account: Account) -> tuple[Verify, Read]:
        url = self.public_base_url
        match account:
            case KannelAccount():
                return partial(kannel.verify, account), partial(kannel.read, account)
            case JasminAccount():
                return partial(jasmin.verify, account), partial(jasmin.read, account)
            case TwilioAccount():
                return partial(twilio.verify, account, url), partial(twilio.read, account)
            case InfobipAccount():
                infobip_proof = partial(infobip.verify, account)
                return self._timed(infobip_proof), partial(infobip.read, account)
            case VonageAccount():
                return self._timed(partial(vonage.verify, account)), partial(vonage.read, account)
            case AfricasTalkingAccount():
                verify = partial(africastalking.verify, account)
                return verify, partial(africastalking.read, account)
            case BirdAccount():
                return self._timed(partial(bird.verify, account, url)), partial(bird.read, account)
            case PlivoAccount():
                return partial(plivo.verify, account, url), partial(plivo.read, account)
            case ClickatellAccount():
                return partial(clickatell.verify, account), partial(clickatell.read, account)
            case GammuAccount():
                return partial(gammu.verify, account), partial(gammu.read, account)
            case GenericAccount():
                generic_proof = partial(generic.verify, account)
                return self._timed(generic_proof), partial(generic.read, account)

    def _timed(self, verify: Callable[[datetime, WebRequest], None]) -> Verify:
        """A proof that has an age."""
        return lambda request: verify(self.clock(), request)


def _is_signed(account: Account) -> bool:
    if isinstance(account, InfobipAccount | GenericAccount):
        return isinstance(account.verify, HmacProof)
    return isinstance(account, TwilioAccount | VonageAccount | BirdAccount | PlivoAccount)


def build(config: ConfigFile) -> Sequence[SmsConnector]:
    """The connector; none when no account is set up.

    Raises:
        Misconfigured: an account lacks what proves its caller, or a setting is wrong.
    """
    accounts = config.load(SmsSettings).accounts
    if not accounts:
        return ()
    return (SmsConnector(accounts, config.load(WebSettings).public_base_url),)
