"""A case through the real connector, the real intake and a real log."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from connectors.mail.payload import read_mail
from connectors.mail.settings import MailSettings
from connectors.registry import build_all, joiners
from connectors.sms.dialects import twilio, vonage
from connectors.sms.settings import SmsSettings, TwilioAccount, VonageAccount
from gateway.attachments import make_contents
from gateway.contract import WebConnector, WebRequest
from gateway.errors import Forged
from gateway.intake import Intake, make_context
from gateway.log.sqlite import SqliteLog
from gateway.pieces import make_pieces
from gateway.sealing import (
    Opener,
    load_opener,
    load_sealer,
    new_key_pair,
    new_reporter_key,
)
from gateway.settings import ConfigFile, TopicSettings, read_config
from gateway.web import public_app
from normalizer.event import ComplaintEvent, PrivatePart, RejectedItem
from tests.samples.cases import Case

TOPICS = TopicSettings()
_TOKEN = "a-long-token-of-samples"

_SETTINGS = """\
[gateway]
data_dir = "data"
[web]
public_base_url = "{base}"
[sealing]
public_key_file = "{keys}/public.json"
private_key_dir = "{keys}/private"
[normalizer]
reporter_key_file = "{keys}/reporter.key"
[[sms.accounts]]
name = "external"
dialect = "generic"
verify = {{ kind = "query_token", token = "{token}" }}
join_wait_seconds = 0.2
[[sms.accounts]]
name = "jasmin"
dialect = "jasmin"
token = "{token}"
[[sms.accounts]]
name = "vonage"
dialect = "vonage"
signature_secret = "{secret}"
signature_method = "{method}"
[[sms.accounts]]
name = "twilio"
dialect = "twilio"
auth_token = "{secret}"
[[telegram.accounts]]
name = "bot"
mode = "webhook"
bot_token = "123456:AAE-a-bot-token-of-samples-0123456789ab"
username = "{bot}"
secret_token = "{token}"
[[meta.apps]]
name = "app"
app_secret = "{secret}"
verify_token = "{token}"
[[x.accounts]]
name = "x"
consumer_secret = "{secret}"
user_id = "456"
handle = "contoh"
[[mail.accounts]]
name = "aduan"
host = "127.0.0.1"
username = "aduan"
password = "{token}"
addresses = ["aduan@contoh.example"]
"""

#: The samples' own addresses, and ours.
_PATHS = {
    "telegram": "/telegram/bot",
    "whatsapp-cloud": "/meta/app",
    "instagram": "/meta/app",
    "x-twitter": "/x/x",
    "vonage": "/sms/vonage",
    "jasmin": "/sms/jasmin",
    "generic-external": "/sms/external",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One event with what is sealed in it."""

    event: ComplaintEvent
    private: PrivatePart

    @property
    def source_id(self) -> str | None:
        """The platform's own id, also where the event does not show it."""
        return self.private.source_id or self.event.source_id


@dataclass(slots=True)
class Outcome:
    """What came out of a case."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    events: list[Taken] = field(default_factory=list)
    rejected: list[RejectedItem] = field(default_factory=list)
    #: Of a case that is only a signature: whether it held.
    signature_held: bool | None = None


class Clock:
    """The wall clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Workshop:
    """Keys for all cases; everything else is new for each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        new_key_pair(directory / "public.json", directory / "private")
        new_reporter_key(directory / "reporter.key")
        self._opener = load_opener(directory / "private")

    async def run(self, case: Case) -> Outcome:
        """Send everything that the case sends and collect what the log has then."""
        outcome = Outcome()
        with tempfile.TemporaryDirectory(dir=self._directory) as place:
            config = self._config(case, Path(place))
            if case.kind == "signature":
                outcome.signature_held = await _signature(case, config)
                return outcome
            log = SqliteLog(Path(place) / "log.db")
            await log.open()
            try:
                await log.create_topics(TOPICS.specs())
                connectors = build_all(config)
                pieces = make_pieces(config, joiners(connectors))
                await pieces.open()
                clock = Clock()
                intake = Intake(
                    log,
                    TOPICS,
                    make_context(config),
                    load_sealer(self._directory / "public.json"),
                    clock,
                    pieces=pieces,
                    contents=make_contents(config),
                )
                if case.raw:
                    account = config.load(MailSettings).accounts[0]
                    await intake.accept(read_mail(account, case.raw).item)
                else:
                    web_ones = [one for one in connectors if isinstance(one, WebConnector)]
                    app = public_app(intake, web_ones, max_body_bytes=65_536)
                    await _send(case, config, app, outcome)
                # Whatever still waits for more pieces has waited long enough now.
                clock.ahead = timedelta(days=1)
                await intake.publish_ripe()
                await self._collect(log, outcome)
                await pieces.close()
            finally:
                await log.close()
        return outcome

    def _config(self, case: Case, place: Path) -> ConfigFile:
        secret = case.signature.get("secret") or case.signature.get("auth_token") or _TOKEN
        url = urlsplit(case.signature.get("url") or "http://127.0.0.1:8080")
        path = place / "gateway.toml"
        path.write_text(
            _SETTINGS.format(
                base=f"{url.scheme}://{url.netloc}",
                keys=self._directory,
                token=_TOKEN,
                secret=secret.ljust(8, "!"),
                method=case.signature.get("method", "sha256"),
                bot="pintu_aduan_bot",
            ),
            encoding="utf-8",
        )
        return read_config(path)

    async def _collect(self, log: SqliteLog, outcome: Outcome) -> None:
        seen = set()
        async for stored in log.scan(TOPICS.accepted):
            event = ComplaintEvent.from_bytes(stored.record.value)
            if event.complaint_id not in seen:
                seen.add(event.complaint_id)
                outcome.events.append(Taken(event, _opened(self._opener, event)))
        async for stored in log.scan(TOPICS.rejected):
            outcome.rejected.append(RejectedItem.model_validate_json(stored.record.value))


def _opened(opener: Opener, event: ComplaintEvent) -> PrivatePart:
    return opener.open(event.sealed or "")


async def _send(case: Case, config: ConfigFile, app: web.Application, outcome: Outcome) -> None:
    async with TestClient(TestServer(app)) as client:
        for told in case.requests:
            query = urlsplit(told["path"]).query
            async with client.request(
                told["method"],
                f"{_PATHS[case.platform]}?{_with_proof(case, config, query)}",
                data=told["body"].encode() or None,
                headers=_headers(case, told["headers"]),
            ) as response:
                outcome.statuses.append(response.status)
                outcome.bodies.append(await response.read())


def _headers(case: Case, headers: dict[str, str]) -> dict[str, str]:
    if case.platform == "telegram":
        return {**headers, "X-Telegram-Bot-Api-Secret-Token": _TOKEN}
    return headers


def _with_proof(case: Case, config: ConfigFile, query: str) -> str:
    """What the samples leave out because their own gateways asked for no proof."""
    if case.platform == "vonage":
        fields = [*parse_qsl(query, keep_blank_values=True), ("timestamp", str(int(time.time())))]
        account = _vonage(config)
        signed = vonage.signature(account, {name: value.encode() for name, value in fields})
        return urlencode([*fields, ("sig", signed.decode())])
    if case.platform in ("jasmin", "generic-external"):
        return f"token={_TOKEN}"
    return query


def _vonage(config: ConfigFile) -> VonageAccount:
    found = [one for one in config.load(SmsSettings).accounts if isinstance(one, VonageAccount)]
    return found[0]


async def _signature(case: Case, config: ConfigFile) -> bool:
    told = case.signature
    if case.platform == "vonage":
        fields = {name: str(value).encode() for name, value in told["params"].items()}
        expected = vonage.signature(_vonage(config), fields).decode()
        return expected.lower() == str(told["sig"]).lower()
    return await _twilio_holds(told, config)


async def _twilio_holds(told: Any, config: ConfigFile) -> bool:
    account = next(a for a in config.load(SmsSettings).accounts if isinstance(a, TwilioAccount))
    # Vectors use a token that is too short for settings.
    account = account.model_copy(update={"auth_token": SecretStr(told["auth_token"])})
    url = urlsplit(told["url"])
    given = told["post_params"]
    form = [tuple(one) for one in (given.items() if isinstance(given, dict) else given or ())]
    headers = {told["header"]: told["value"]}
    headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
    body = urlencode(form).encode() if form else (told["body"] or "").encode()
    request = WebRequest("POST", url.path, url.query, headers, body)
    try:
        twilio.verify(account, f"{url.scheme}://{url.netloc}", request)
    except Forged:
        return False
    return True


def shortened(values: Sequence[str], limit: int = 60) -> str:
    """A few words for the table."""
    text = " | ".join(values)
    return text if len(text) <= limit else text[: limit - 1] + "…"
