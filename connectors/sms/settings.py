"""``[sms]``: the accounts, one for every gateway, aggregator or number that calls us.

An account cannot be written down without what proves its caller: verification is never off.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from connectors.sms.part import FieldEquals, Secret, SettingsPart
from connectors.sms.sending.settings import TWILIO_API, HttpUrl, ReplySettings, TwilioReply
from gateway.settings import Section, known_zone, section_config


def _known_time_format(value: str) -> str:
    if value in ("iso", "unix", "unix_ms") or "%" in value:
        return value
    raise ValueError("is iso, unix, unix_ms or a pattern such as %d/%m/%Y %H:%M:%S")


class AccountBase(SettingsPart):
    """What every account has, whatever the dialect."""

    #: The last part of its address, ``/sms/<name>``, and the account of its events.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: True for a feed of the national 1708: LAPOR has those items, they are linked, not entered.
    already_in_lapor: bool = False
    #: How long the first part of a long SMS waits for the others, where the provider does not
    #: join them. Then what came is published, marked incomplete.
    join_wait_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    #: How its senders are answered. None: they are not.
    reply: ReplySettings | None = None


class BasicOrTokenAccount(AccountBase):
    """HTTP Basic, or ``?token=``, or both; whatever is set must be right."""

    username: Annotated[str, Field(min_length=1)] | None = None
    password: Secret | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _provable(self) -> "BasicOrTokenAccount":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; one is missing")
        if self.password is None and self.token is None:
            raise ValueError("set username and password, or token: without one anybody may send")
        return self


class KannelAccount(BasicOrTokenAccount):
    """A Kannel smsbox calling our ``get-url`` or ``post-url``."""

    dialect: Literal["kannel"]


class JasminAccount(BasicOrTokenAccount):
    """A Jasmin HTTP client connector."""

    dialect: Literal["jasmin"]
    #: What data coding 0 means is agreed with each operator; the SMPP standard says GSM 03.38.
    default_alphabet: Literal["gsm7", "iso-8859-1", "utf-8"] = "gsm7"


class TwilioAccount(AccountBase):
    """A Twilio number or messaging service."""

    dialect: Literal["twilio"]
    auth_token: Secret
    #: The user name beside the token, for pictures. None: that of ``reply``, if it is Twilio's.
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] | None = None
    #: Where pictures are fetched.
    api_url: HttpUrl = TWILIO_API

    @property
    def media_user(self) -> str | None:
        """Whose pictures they are; None when nobody said it: then none is fetched."""
        of_reply = self.reply.account_sid if isinstance(self.reply, TwilioReply) else None
        return self.account_sid or of_reply


class HmacProof(SettingsPart):
    """A header with the HMAC of the body, or of the query when there is no body."""

    kind: Literal["hmac"]
    secret: Secret
    header: Annotated[str, Field(min_length=1)] = "X-Signature"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    #: What stands before the digest in the header, such as ``sha256=``.
    prefix: str = ""
    #: A header with Unix seconds; then what is signed is time, ``separator`` and body.
    timestamp_header: str | None = None
    separator: str = "."
    #: 5 minutes: clocks drift and queues wait, an older copy of a request is a replay.
    tolerance_seconds: Annotated[int, Field(ge=1)] = 300


class BearerProof(SettingsPart):
    """``Authorization: Bearer <token>``."""

    kind: Literal["bearer"]
    token: Secret


class BasicProof(SettingsPart):
    """``Authorization: Basic``."""

    kind: Literal["basic"]
    username: Annotated[str, Field(min_length=1)]
    password: Secret


class QueryTokenProof(SettingsPart):
    """A secret in the address. The last resort: proxies write addresses into their logs."""

    kind: Literal["query_token"]
    token: Secret
    parameter: Annotated[str, Field(min_length=1)] = "token"


class HeaderProof(SettingsPart):
    """A header with a secret, such as ``X-Api-Key``."""

    kind: Literal["header"]
    header: Annotated[str, Field(pattern=r"^[\w-]+$")]
    value: Secret


Proof = Annotated[
    HmacProof | BearerProof | BasicProof | HeaderProof | QueryTokenProof,
    Field(discriminator="kind"),
]


class InfobipAccount(AccountBase):
    """Infobip's inbound SMS in the format ``MO_JSON_2``."""

    dialect: Literal["infobip"]
    #: As its "security settings" have it: Basic, OAuth (bearer) or HMAC.
    verify: Proof


class VonageAccount(AccountBase):
    """Vonage (Nexmo) SMS API, with signed webhooks."""

    dialect: Literal["vonage"]
    signature_secret: Secret
    #: As chosen in the dashboard; ``md5hash`` is its default and the weakest.
    signature_method: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = "sha256"
    #: Vonage repeats for 24 hours, and the signed time may be that of the first try. An older
    #: copy does no harm either: its id is that of the first.
    tolerance_seconds: Annotated[int, Field(ge=1)] = 90_000


class AfricasTalkingAccount(BasicOrTokenAccount):
    """Africa's Talking, which signs nothing: the secret stands in the callback's address."""

    dialect: Literal["africastalking"]


class BirdAccount(AccountBase):
    """Bird, formerly MessageBird: its own signatures of either age."""

    dialect: Literal["bird"]
    signing_key: Secret
    #: Bird repeats for 8 hours.
    tolerance_seconds: Annotated[int, Field(ge=1)] = 32_400


class PlivoAccount(AccountBase):
    """A Plivo application's ``message_url``."""

    dialect: Literal["plivo"]
    auth_token: Secret


class ClickatellAccount(BasicOrTokenAccount):
    """Clickatell, One API or the older reply callback."""

    dialect: Literal["clickatell"]


class GammuAccount(AccountBase):
    """A modem of our own: gammu-smsd with ``gammu-receive`` as its ``RunOnReceive``."""

    dialect: Literal["gammu"]
    #: The same as in the script's token file.
    token: Secret


class FieldMap(SettingsPart):
    """What the aggregator calls things. In JSON a dot steps inside: ``message.text``."""

    sender: str = "from"
    recipient: str = "to"
    text: str = "text"
    source_id: str = "id"
    submitted_at: str = "date"
    #: Of a long SMS that the aggregator does not join: which message it belongs to, which part
    #: it is, and of how many.
    reference: str = "ref"
    part: str = "part"
    parts: str = "total"
    #: The same as a user data header in hex, where the aggregator passes it on.
    udh: str = "udh"


class Ack(SettingsPart):
    """The answer that the aggregator takes for success."""

    status: Annotated[int, Field(ge=200, le=299)] = 200
    body: str = "OK"
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] = "text/plain"


class GenericAccount(AccountBase):
    """Any aggregator that posts forms or JSON."""

    dialect: Literal["generic"]
    verify: Proof
    #: ``auto``: JSON when the content type or the first character says so, else a form.
    format: Literal["auto", "json", "form"] = "auto"
    #: Wins over the content type, for aggregators that declare none or a wrong one.
    charset: str | None = None
    fields: FieldMap = FieldMap()
    #: True: it writes every number in full and leaves the plus away.
    international: bool = False
    #: ``iso``, ``unix``, ``unix_ms``, or a ``strptime`` pattern.
    time_format: Annotated[str, AfterValidator(_known_time_format)] = "iso"
    #: The zone of times that name none.
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Jakarta"
    #: Where in the JSON the list of messages stands. A list at the top needs no setting.
    items: str | None = None
    delivery_report: FieldEquals | None = None
    ack: Ack = Ack()


Account = Annotated[
    KannelAccount
    | JasminAccount
    | TwilioAccount
    | InfobipAccount
    | VonageAccount
    | AfricasTalkingAccount
    | BirdAccount
    | PlivoAccount
    | ClickatellAccount
    | GammuAccount
    | GenericAccount,
    Field(discriminator="dialect"),
]


class SmsSettings(Section):
    """``[sms]``: several accounts may stand side by side."""

    table = "sms"
    model_config = section_config("sms")

    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "SmsSettings":
        names = [account.name for account in self.accounts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        return self
