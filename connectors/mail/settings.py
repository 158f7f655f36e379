"""``[mail]``: the mailboxes that are read, and how each of them answers."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from connectors.mail.headers import bare_address
from gateway.settings import Section, section_config

#: An empty secret file would otherwise log in as nobody.
Secret = Annotated[SecretStr, Field(min_length=1)]
Security = Literal["tls", "starttls", "plain"]

_IMAP_PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "plain": 143}
_SMTP_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "plain": 25}


def _own_address(value: object) -> object:
    if isinstance(value, str) and bare_address(value) is None:
        raise ValueError("is no mail address like aduan@ngawikab.go.id")
    return value.strip().lower() if isinstance(value, str) else value


def _keyword(value: str) -> str:
    # An atom of RFC 3501; it goes over the wire as it is.
    if not value.isascii() or any(c in '(){ %*"\\]' or not c.isprintable() for c in value):
        raise ValueError("is no IMAP keyword: letters, digits and $ only")
    return value


Address = Annotated[str, BeforeValidator(_own_address)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OAuth(_Part):
    """Where access tokens for XOAUTH2 come from (RFC 6749)."""

    token_url: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Secret
    #: None: the program itself has the right to the mailbox (``client_credentials``).
    refresh_token: Secret | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _private(self) -> "OAuth":
        scheme, _, rest = self.token_url.partition("://")
        host = rest.split("/")[0].rsplit(":", 1)[0]
        if scheme != "https" and not (scheme == "http" and is_loopback(host)):
            raise ValueError("token_url starts with https://; secrets go there")
        return self


class _Server(_Part):
    """A server, how it is reached, and who we are there."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    #: ``plain`` only on this machine.
    security: Security = "tls"
    #: A certificate authority of one's own; None: those of the system.
    ca_file: Path | None = None
    oauth: OAuth | None = None
    #: The longest silence of the server in the middle of a step.
    timeout_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> "_Server":
        if self.security == "plain" and not is_loopback(self.host):
            raise ValueError('security = "plain" only for a server on this machine')
        return self


class SmtpServer(_Server):
    """Where answers are handed over."""

    #: None: the server takes mail from this machine without a login.
    username: Annotated[str, Field(min_length=1)] | None = None
    password: Secret | None = None
    from_address: Address
    from_name: str = "Layanan Aduan"
    #: Empty, so that no answer to our answer comes back (RFC 3834, 3.1). Some providers refuse
    #: that; then the address of the account.
    envelope_from: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "SmtpServer":
        if not self.from_address.isascii():
            raise ValueError("from_address: letters beyond ASCII are not taken by every server")
        given = (self.password is not None) + (self.oauth is not None)
        if given > 1 or (given == 1) != (self.username is not None):
            raise ValueError("username goes with password or with oauth, or all are left out")
        return self

    @property
    def effective_port(self) -> int:
        """The port that is set, or the usual one."""
        return self.port or _SMTP_PORTS[self.security]


class MailAccount(_Server):
    """One mailbox."""

    #: Of the mailbox; the account of its events when no ``group`` is set.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: Mailboxes of one group are one address to the citizen: the same mail in two of them is one
    #: complaint. It is the account of their events.
    group: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] | None = None
    username: Annotated[str, Field(min_length=1)]
    password: Secret | None = None
    folder: Annotated[str, Field(min_length=1)] = "INBOX"
    #: What happens to a mail once the log has it: it gets a keyword, or it is moved.
    after: Literal["flag", "move"] = "flag"
    keyword: Annotated[str, Field(min_length=1), AfterValidator(_keyword)] = "$PintuAduan"
    move_to: Annotated[str, Field(min_length=1)] | None = None
    #: IDLE is ended after this long as well: a server may drop who is silent for 29 minutes.
    poll_seconds: Annotated[float, Field(ge=1, le=1500)] = 60.0
    idle: bool = True
    #: Larger mails stay on the server and are recorded.
    max_message_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 25_000_000
    #: All addresses that are ours: what comes from them is our own.
    addresses: tuple[Address, ...] = ()
    #: List-Ids of our own groups, through which complaints come.
    own_lists: tuple[str, ...] = ()
    #: None: nobody is answered by mail.
    smtp: SmtpServer | None = None

    @model_validator(mode="after")
    def _complete(self) -> "MailAccount":
        if (self.password is None) == (self.oauth is None):
            raise ValueError("set password, or oauth")
        if (self.after == "move") != (self.move_to is not None):
            raise ValueError('after = "move" and move_to go together')
        if self.move_to == self.folder:
            raise ValueError("move_to is the folder that is read")
        return self

    @property
    def effective_port(self) -> int:
        """The port that is set, or the usual one."""
        return self.port or _IMAP_PORTS[self.security]

    @property
    def event_account(self) -> str:
        """The account of its events."""
        return self.group or self.name

    @property
    def own_addresses(self) -> frozenset[str]:
        """What is ours, in lower case."""
        sender = (self.smtp.from_address,) if self.smtp else ()
        login = (self.username.lower(),) if bare_address(self.username) else ()
        return frozenset((*self.addresses, *sender, *login))


class MailSettings(Section):
    """``[mail]``: several mailboxes may stand side by side."""

    table = "mail"
    model_config = section_config("mail")

    accounts: tuple[MailAccount, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "MailSettings":
        names = [account.name for account in self.accounts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        return self


def is_loopback(host: str) -> bool:
    """Whether a host of the settings is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
