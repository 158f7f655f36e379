"""``[sms]``: the accounts, one for every gateway, aggregator or number that calls us.

An account cannot be written down without what proves its caller: verification is never off.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.settings import Section, known_zone, section_config

#: Shorter ones are guessed; an empty secret file would otherwise switch the check off.
_SHORTEST_SECRET = 8

Secret = Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]


def _known_time_format(value: str) -> str:
    if value in ("iso", "unix", "unix_ms") or "%" in value:
        return value
    raise ValueError("is iso, unix, unix_ms or a pattern such as %d/%m/%Y %H:%M:%S")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountBase(_Part):
    """What every account has, whatever the dialect."""

    #: The last part of its address, ``/sms/<name>``, and the account of its events.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: True for a feed of the national 1708: LAPOR has those items, they are linked, not entered.
    already_in_lapor: bool = False


class _BasicOrToken(AccountBase):
    """HTTP Basic, or ``?token=``, or both; whatever is set must be right."""

    username: Annotated[str, Field(min_length=1)] | None = None
    password: Secret | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _provable(self) -> "_BasicOrToken":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; one is missing")
        if self.password is None and self.token is None:
            raise ValueError("set username and password, or token: without one anybody may send")
        return self


class KannelAccount(_BasicOrToken):
    """A Kannel smsbox calling our ``get-url`` or ``post-url``."""

    dialect: Literal["kannel"]


class JasminAccount(_BasicOrToken):
    """A Jasmin HTTP client connector."""

    dialect: Literal["jasmin"]
    #: What data coding 0 means is agreed with each operator; the SMPP standard says GSM 03.38.
    default_alphabet: Literal["gsm7", "iso-8859-1", "utf-8"] = "gsm7"


class TwilioAccount(AccountBase):
    """A Twilio number or messaging service."""

    dialect: Literal["twilio"]
    auth_token: Secret


class HmacProof(_Part):
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


class BearerProof(_Part):
    """``Authorization: Bearer <token>``."""

    kind: Literal["bearer"]
    token: Secret


class BasicProof(_Part):
    """``Authorization: Basic``."""

    kind: Literal["basic"]
    username: Annotated[str, Field(min_length=1)]
    password: Secret


class QueryTokenProof(_Part):
    """A secret in the address. The last resort: proxies write addresses into their logs."""

    kind: Literal["query_token"]
    token: Secret
    parameter: Annotated[str, Field(min_length=1)] = "token"


Proof = Annotated[
    HmacProof | BearerProof | BasicProof | QueryTokenProof, Field(discriminator="kind")
]


class FieldMap(_Part):
    """What the aggregator calls things. In JSON a dot steps inside: ``message.text``."""

    sender: str = "from"
    recipient: str = "to"
    text: str = "text"
    source_id: str = "id"
    submitted_at: str = "date"
    #: Of a long SMS that the aggregator does not join: which part this is, and of how many.
    part: str = "part"
    parts: str = "total"


class FieldEquals(_Part):
    """True of an item whose ``field`` is ``equals``, read as text."""

    field: str
    equals: str


class Ack(_Part):
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
    #: ``iso``, ``unix``, ``unix_ms``, or a ``strptime`` pattern.
    time_format: Annotated[str, AfterValidator(_known_time_format)] = "iso"
    #: The zone of times that name none.
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Jakarta"
    #: Where in the JSON the list of messages stands. A list at the top needs no setting.
    items: str | None = None
    delivery_report: FieldEquals | None = None
    ack: Ack = Ack()


Account = Annotated[
    KannelAccount | TwilioAccount | JasminAccount | GenericAccount,
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
