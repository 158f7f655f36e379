"""``gateway demo``: the whole way on one machine, against a LAPOR! look-alike.

Everything it makes (settings, keys, log, ledger, people) stands in one directory and stays for the
next run; delete the directory for a fresh start. It listens on loopback only: its SMS password and
the look-alike's credentials are well known.
"""

import asyncio
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.auth import AuthSettings, People, Role
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.sealing import new_key_pair, new_reporter_key
from gateway.settings import (
    CONFIG_ENV,
    ConfigFile,
    GatewaySettings,
    LogSettings,
    NormalizerSettings,
    SealingSettings,
    TopicSettings,
    read_config,
)
from gateway.supervisor import Child
from gateway.up import supervise

LOGIN = "petugas"
#: One person for everything that can be tried; in an office these are different people.
_ROLES = (Role.CLERK, Role.OPERATOR, Role.CUSTODIAN)

_SETTINGS = """\
# Written by `gateway demo`; written anew at every start. A real one: gateway.toml.example

[gateway]
data_dir = "data"

[web]
public_port = {public_port}
internal_port = {internal_port}
public_base_url = "http://127.0.0.1:{public_port}"
secure_cookies = false  # plain HTTP on loopback

[sealing]
public_key_file = "keys/deliver.public.json"
private_key_dir = "keys/private"
reply_public_key_file = "keys/reply.public.json"
reply_private_key_dir = "keys/reply"

[normalizer]
reporter_key_file = "keys/reporter.key"

[[sms.accounts]]
name = "1708"
dialect = "generic"
verify = {{ kind = "basic", username = "demo", password = "demo1708" }}

# Answers go to a telephone that is a page: http://127.0.0.1:{sandbox_port}/phone
[sms.accounts.reply]
kind = "generic"
url = "http://127.0.0.1:{sandbox_port}/phone/sms"
fields = {{ to = "{{to}}", text = "{{text}}" }}

[replies]
enabled = true
internal_port = {replies_port}

[complaint_box]
enabled = true
office_name = "Sekretariat Pengaduan (demo)"
boxes = [
    {{ id = "kantor-bupati", name = "Kantor Bupati" }},
    {{ id = "kecamatan-paron", name = "Kantor Kecamatan Paron" }},
]

[deliver]
mode = "v3"
internal_port = {deliver_port}

[console]
secure_cookies = false  # plain HTTP on loopback

[lapor]
base_url = "http://127.0.0.1:{sandbox_port}"
# The look-alike has a list; no such call of LAPOR! is publicly known.
list_path = "/complaints?page={{page}}&from={{first}}&to={{last}}"
bearer = "sandbox-bearer"
token = "{{00000000-0000-0000-0000-000000000000}}"
channel = 13
classification_ids = {{ pengaduan = 6, aspirasi = 5, permintaan_informasi = 7, unclear = 6 }}
disposition_id = 3521
category_id = 436
user_id = 3521
"""

#: How long the banner waits for the first readiness; a slow disk takes a few seconds.
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo runs and what it tells."""

    config_path: Path
    directory: Path
    public_port: int
    internal_port: int
    sandbox_port: int
    password: str

    @property
    def log_dir(self) -> Path:
        """One file of JSON lines for each process."""
        return self.directory / "logs"


def prepare(directory: Path, public_port: int, internal_port: int, sandbox_port: int) -> DemoPlan:
    """Write the demo's settings, make its keys once, set a new password for its login.

    Raises:
        Misconfigured: the directory cannot be written.
    """
    directory = directory.absolute()
    (directory / "data").mkdir(parents=True, exist_ok=True)
    path = directory / "gateway.toml"
    path.write_text(
        _SETTINGS.format(
            public_port=public_port,
            internal_port=internal_port,
            deliver_port=internal_port + 1,
            replies_port=internal_port + 2,
            sandbox_port=sandbox_port,
        ),
        encoding="utf-8",
    )
    config = read_config(path)
    sealing = config.load(SealingSettings)
    if not sealing.public_key_file.exists():
        new_key_pair(sealing.public_key_file, sealing.private_key_dir)
    if not sealing.reply_public_key_file.exists():
        new_key_pair(sealing.reply_public_key_file, sealing.reply_private_key_dir)
    new_reporter_key(config.load(NormalizerSettings).reporter_key_file)
    password = _fresh_login(config)
    return DemoPlan(path, directory, public_port, internal_port, sandbox_port, password)


def _fresh_login(config: ConfigFile) -> str:
    password = secrets.token_urlsafe(12)
    people = People(config.load(GatewaySettings).data_dir, config.load(AuthSettings))
    try:
        if any(user.login == LOGIN for user in people.list_users()):
            people.set_password(LOGIN, password)
        else:
            people.create_user(LOGIN, password, _ROLES)
    finally:
        people.close()
    return password


async def run_demo(plan: DemoPlan, config: ConfigFile, stop: asyncio.Event) -> int:
    """Run look-alike, deliver and intake; print where everything is as soon as it is."""
    if config.load(LogSettings).uses_kafka:
        # A demo may make its own topics on the broker it was given.
        async with opened(make_log(config)) as event_log:
            await event_log.create_topics(config.load(TopicSettings).specs())
    sandbox = Child(
        "sandbox",
        "compose.lapor_sandbox",
        ("--port", str(plan.sandbox_port), "--db", str(plan.directory / "data" / "sandbox.db")),
        {CONFIG_ENV: str(plan.config_path)},
    )
    banner = asyncio.create_task(_banner(plan, config, stop))
    try:
        await supervise(config, stop, [sandbox], plan.log_dir)
    finally:
        banner.cancel()
    return 0


async def _banner(plan: DemoPlan, config: ConfigFile, stop: asyncio.Event) -> None:
    urls = (
        f"http://127.0.0.1:{plan.internal_port}/readyz",
        f"http://127.0.0.1:{plan.internal_port + 1}/readyz",
        f"http://127.0.0.1:{plan.internal_port + 2}/readyz",
        f"http://127.0.0.1:{plan.sandbox_port}/",
    )
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while not stop.is_set():
            if all([await _answers(session, url) for url in urls]):
                break
            if asyncio.get_running_loop().time() > deadline:
                _say(f"Not ready after {_READY_SECONDS:.0f} s; look into {plan.log_dir}")
                return
            await asyncio.sleep(0.1)
    _say(_welcome(plan, config))


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _welcome(plan: DemoPlan, config: ConfigFile) -> str:
    public = f"http://127.0.0.1:{plan.public_port}"
    kept_in = "Kafka" if config.load(LogSettings).uses_kafka else "SQLite"
    return f"""
The gateway is running (event log: {kept_in}).

  clerk's form      {public}/petugas/
  console           http://127.0.0.1:{plan.internal_port + 1}/konsol/
  login             {LOGIN} / {plan.password}   (for both; printed only here)
  LAPOR! look-alike http://127.0.0.1:{plan.sandbox_port}/
  sender's phone    http://127.0.0.1:{plan.sandbox_port}/phone
  health, metrics   http://127.0.0.1:{plan.internal_port}/readyz   /metrics
  logs              {plan.log_dir}/

Send an SMS:

  curl -u demo:demo1708 {public}/sms/1708 -d from=081200001234 -d to=1708 \\
    --data-urlencode 'text=NGAWI Jalan desa Babadan kec. Paron berlubang sejak Senin'

Then, in another terminal:

  .venv/bin/gateway watch        what comes in, and what LAPOR! has
  .venv/bin/gateway reconcile    received = entered + ..., unaccounted 0

Ctrl-C stops everything in order.
"""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
