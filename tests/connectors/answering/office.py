"""A data directory with settings, keys and a log, in which the replies process runs for real."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.answering.assembly import answer
from gateway.intake import Intake
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Sealer
from gateway.settings import ConfigFile, TopicSettings, read_config
from normalizer.draft import Draft
from normalizer.event import Channel, ComplaintEvent, ReplyPath
from normalizer.outcome import ReplyOutcome
from tests.connectors.answering.making import CONTEXT, PHONE, WORDS, Clock, Maker
from tests.connectors.answering.platform import Platform
from tests.servers.process import ServerProcess
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]
TOPICS = TopicSettings()

_SETTINGS = """
[log]
kind = "sqlite"

[sealing]
reply_public_key_file = "reply.public.json"
reply_private_key_dir = "reply"

[[sms.accounts]]
name = "1708"
dialect = "generic"
verify = {{ kind = "bearer", token = "bearer-of-the-test" }}

[sms.accounts.reply]
kind = "generic"
url = "{url}/1708/send"
format = "json"
fields = {{ to = "{{to}}", text = "{{text}}", key = "{{key}}", subject = "" }}
id_field = "id"

[replies]
enabled = true
internal_port = {port}
{more}
"""


@dataclass
class Office:
    """Complaints go in by SMS to 1708; the answers arrive at the platform."""

    directory: Path
    platform: Platform
    log: SqliteLog
    sealer: Sealer
    port: int
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.write()
        self.maker = Maker(self.sealer, self.clock)
        self.intake = Intake(
            self.log, TOPICS, CONTEXT, self.sealer, self.clock.now, reply_sealer=self.sealer
        )

    @property
    def config_path(self) -> Path:
        return self.directory / "gateway.toml"

    @property
    def config(self) -> ConfigFile:
        return read_config(self.config_path)

    def write(self, more: str = "") -> None:
        """The settings, with more keys of ``[replies]``."""
        text = _SETTINGS.format(url=self.platform.url, port=self.port, more=more)
        self.config_path.write_text(text, encoding="utf-8")

    async def complain(self, text: str = WORDS, phone: str = PHONE) -> ComplaintEvent:
        """One SMS through the real door."""
        draft: Draft = self.maker.draft(
            text, channel=Channel.SMS, account="1708", phone=phone, path=ReplyPath(address=phone)
        )
        kept = await self.intake.accept(draft)
        name = str(kept.item_id).encode()
        first, *_ = [
            ComplaintEvent.from_bytes(stored.record.value)
            async for stored in self.log.scan(TOPICS.accepted)
            if stored.header("ce_id") == name
        ]
        return first

    async def enter(self, record: Record) -> None:
        await self.log.append(TOPICS.entered, record)

    async def outcomes(self) -> Sequence[ReplyOutcome]:
        return [
            ReplyOutcome.from_bytes(stored.record.value)
            async for stored in self.log.scan(TOPICS.replied)
        ]

    async def told(self, count: int) -> Sequence[ReplyOutcome]:
        """The different outcomes on the log, once there are so many."""

        async def enough() -> Sequence[ReplyOutcome] | None:
            found = {one.outcome_id: one for one in await self.outcomes()}
            return list(found.values()) if len(found) >= count else None

        found = await eventually(enough, f"{count} outcomes on the log")
        assert len(found) == count
        return found

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[asyncio.Event]:
        """The whole process, in this loop and on the test's clock."""
        stop = asyncio.Event()
        task = asyncio.create_task(answer(self.config, stop, now=self.clock.now))
        try:
            yield stop
        finally:
            stop.set()
            await task

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if "GATEWAY" not in name}
        return {**kept, "GATEWAY_CONFIG": str(self.config_path), "COLUMNS": "200"}

    def child(self, *module: str) -> ServerProcess:
        """The process as a child; its log lines go to ``output``."""
        environment = [f"{name}={value}" for name, value in self.environment.items()]
        command = ["/usr/bin/env", *environment, sys.executable, "-m", *module]
        return ServerProcess(command, self.directory / "output", cwd=ROOT)

    async def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """An operator's command."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "connectors.replies", *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    async def rows(self, *arguments: str) -> list[dict[str, object]]:
        done = await self.command("list", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found


@asynccontextmanager
async def opened_office(
    directory: Path, platform: Platform, keys: Path, sealer: Sealer, port: int
) -> AsyncIterator[Office]:
    """Keys are copied, so that a test may take them away."""
    (directory / "data").mkdir(parents=True)
    shutil.copytree(keys, directory, dirs_exist_ok=True)
    log = SqliteLog(directory / "data" / "log.db")
    await log.open()
    await log.create_topics(TOPICS.specs())
    try:
        yield Office(directory, platform, log, sealer, port)
    finally:
        await log.close()
