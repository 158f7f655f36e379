"""``reply`` of an account: which gateway takes the answers, and how it wants them."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.sms.part import FieldEquals, Secret, SettingsPart

TWILIO_API = "https://api.twilio.com"


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is the address of an HTTP server, https://host/path")
    if parts.username is not None:
        raise ValueError("holds no password; use the keys for it")
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class KannelReply(SettingsPart):
    """``sendsms`` of a Kannel smsbox (User's Guide 1.4.5, "Using the HTTP interface")."""

    kind: Literal["kannel"]
    url: HttpUrl = "http://127.0.0.1:13013/cgi-bin/sendsms"
    username: Annotated[str, Field(min_length=1)]
    password: Secret
    #: Our number, as the operator wants to see it. Empty: Kannel's ``global-sender``.
    sender: str = ""
    #: The ``smsc-id`` that takes it, where Kannel has several.
    smsc: str | None = None


class JasminReply(SettingsPart):
    """Jasmin's HTTP API."""

    kind: Literal["jasmin"]
    #: Without ``/send``.
    url: HttpUrl = "http://127.0.0.1:1401"
    username: Annotated[str, Field(min_length=1)]
    password: Secret
    sender: str = ""


class TwilioReply(SettingsPart):
    """Twilio's Messages resource."""

    kind: Literal["twilio"]
    url: HttpUrl = TWILIO_API
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Secret
    #: Our number, or the service that chooses one: exactly one of the two.
    sender: str | None = None
    messaging_service_sid: Annotated[str, Field(pattern=r"^MG[0-9a-fA-F]{32}$")] | None = None

    @model_validator(mode="after")
    def _one_sender(self) -> "TwilioReply":
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("set sender or messaging_service_sid, one of the two")
        return self


class BasicLogin(SettingsPart):
    """``Authorization: Basic``."""

    kind: Literal["basic"]
    username: Annotated[str, Field(min_length=1)]
    password: SecretStr


class BearerLogin(SettingsPart):
    """``Authorization: Bearer``."""

    kind: Literal["bearer"]
    token: Secret


class HeaderLogin(SettingsPart):
    """A header with a key: ``X-Api-Key: …``, ``Authorization: App …``."""

    kind: Literal["header"]
    header: Annotated[str, Field(pattern=r"^[\w-]+$")]
    value: Secret


Login = Annotated[BasicLogin | BearerLogin | HeaderLogin, Field(discriminator="kind")]


class GenericReply(SettingsPart):
    """Any aggregator that takes one SMS for one HTTP request.

    In the strings of ``fields``, ``{to}``, ``{text}`` and ``{key}`` stand for the recipient, the
    answer and its idempotency key. They are filled in value by value, before anything is encoded:
    what stands in an answer never becomes part of the request's structure.
    """

    kind: Literal["generic"]
    url: HttpUrl
    method: Literal["GET", "POST"] = "POST"
    #: How ``fields`` travel; with GET always in the query.
    format: Literal["form", "json"] = "form"
    fields: dict[str, Any]
    #: Fields that are secret (``passkey``), beside the others at the top.
    secret_fields: dict[str, Secret] = Field(default_factory=dict)
    login: Login | None = None
    #: ``e164``: +62812…, ``digits``: 62812…, ``national``: 0812… for Indonesian numbers.
    number: Literal["e164", "digits", "national"] = "e164"
    #: What counts as taken; ``success`` must hold as well, where it is set.
    statuses: tuple[Annotated[int, Field(ge=200, le=299)], ...] = (200, 201, 202)
    success: FieldEquals | None = None
    #: Where in the answer the provider's id of the message stands.
    id_field: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "GenericReply":
        if self.method == "GET" and self.format == "json":
            raise ValueError("a GET has no JSON body; use format form, or POST")
        if self.format == "form" and any(isinstance(v, dict | list) for v in self.fields.values()):
            raise ValueError("a form has no fields inside fields; use format json")
        words = " ".join(_strings(self.fields))
        if "{to}" not in words or "{text}" not in words:
            raise ValueError("fields must say where {to} and {text} stand")
        return self


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in _strings(item)]
    if isinstance(value, list):
        return [found for item in value for found in _strings(item)]
    return [value] if isinstance(value, str) else []


ReplySettings = Annotated[
    KannelReply | JasminReply | TwilioReply | GenericReply, Field(discriminator="kind")
]
