"""The commands and the worker as processes of their own, with a real ``gateway.toml``."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from deliver.database import migrate, open_engine
from deliver.ledger import Ledger
from deliver.rows import LedgerRow
from deliver.states import State
from gateway.auth import AuthSettings, People, Role
from gateway.cloudevents import accepted_record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Sealer
from normalizer.event import ComplaintEvent
from tests.deliver.making import EMAIL, IDENTITY, NAME, NOON, PHONE, at, make_event
from tests.deliver.running import DEADLINE_SECONDS, TOPICS, WORKER, Sandbox
from tests.servers import free_ports

CONFIG = """
[gateway]
data_dir = "{data}"
[sealing]
public_key_file = "{keys}/public.json"
private_key_dir = "{keys}/private"
[deliver]
mode = "{mode}"
internal_port = {port}
sweep_seconds = 0.1
backoff_first_seconds = 0.05
worker_id = "process-under-test"
[lapor]
base_url = "http://127.0.0.1:{lapor}"
bearer = "{bearer}"
token = "{token}"
channel = 13
disposition_id = 151345
category_id = 15
user_id = 77
classification_ids = {{ pengaduan = 6, aspirasi = 6, permintaan_informasi = 6, unclear = 6 }}
"""


#: Every change asks for one.
NOTE = ("--note", "dicek dua kali")
PASSWORD = "kata-sandi-rekaan-7"


class Office:
    """A data directory with a settings file, and processes that use it."""

    def __init__(self, directory: Path, key_dir: Path) -> None:
        self.directory = directory
        self.key_dir = key_dir
        self.data = directory / "data"
        self.data.mkdir()
        (self.port,) = free_ports(1)
        self.config = directory / "gateway.toml"

    def configure(self, mode: str, sandbox: Sandbox | None = None) -> None:
        token = "{00000000-0000-0000-0000-000000000000}"
        lapor = sandbox.port if sandbox else free_ports(1)[0]
        self.config.write_text(
            CONFIG.format(
                data=self.data,
                keys=self.key_dir,
                mode=mode,
                port=self.port,
                lapor=lapor,
                bearer="sandbox-bearer",
                token=token,
            )
        )

    async def publish(self, *events: ComplaintEvent) -> None:
        event_log = SqliteLog(self.data / "log.db")
        await event_log.open()
        await event_log.create_topics(TOPICS.specs())
        for event in events:
            await event_log.append(TOPICS.accepted, accepted_record(event))
        await event_log.close()

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "deliver", *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            env={**os.environ, "GATEWAY_CONFIG": str(self.config)},
            check=False,
        )

    def ledger(self) -> Ledger:
        """Its ledger, for a look beside the processes."""
        return Ledger(open_engine(f"sqlite:///{self.data / 'ledger.db'}"), ZoneInfo("Asia/Jakarta"))

    def person(self, login: str, *roles: Role) -> tuple[str, ...]:
        """An account, and the options that prove it."""
        people = People(self.data, AuthSettings())
        people.create_user(login, PASSWORD, roles)
        people.close()
        file = self.directory / f"{login}.password"
        file.write_text(f"{PASSWORD}\n")
        return ("--login", login, "--password-file", str(file))

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """The worker process; its lines are in ``worker.log``."""
        with (self.directory / "worker.log").open("ab") as lines:
            process = subprocess.Popen(
                [sys.executable, "-m", "deliver"],
                stderr=lines,
                env={**os.environ, "GATEWAY_CONFIG": str(self.config)},
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    async def until(self, event: ComplaintEvent, state: State) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        query = "SELECT state FROM complaint WHERE complaint_id = ?"
        while True:
            if (self.data / "ledger.db").exists():
                connection = sqlite3.connect(self.data / "ledger.db", timeout=5)
                try:
                    found = connection.execute(query, (str(event.complaint_id),)).fetchone()
                except sqlite3.OperationalError:
                    found = None  # The tables are being made.
                finally:
                    connection.close()
                if found == (state,):
                    return
            lines = (self.directory / "worker.log").read_text()
            assert time.monotonic() < deadline, f"never {state}: {lines}"
            await asyncio.sleep(0.05)


@pytest.fixture
def office(tmp_path: Path, key_dir: Path) -> Office:
    return Office(tmp_path, key_dir)


async def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(process.wait, DEADLINE_SECONDS)


async def test_the_worker_process_enters_serves_health_and_stops_cleanly(
    office: Office, sandbox: Sandbox, sealer: Sealer
) -> None:
    office.configure("v3", sandbox)
    event = make_event(sealer)
    await office.publish(event)
    with office.worker() as process:
        await office.until(event, State.ENTERED)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{office.port}") as web:
            async with web.get("/readyz") as ready:
                assert ready.status == 200
            async with web.get("/metrics") as metrics:
                assert 'deliver_transitions_total{state="entered"} 1.0' in await metrics.text()
        assert await stop(process) == 0
    report = await office.run("reconcile", "--json")
    assert report.returncode == 0, report.stderr
    told = json.loads(report.stdout)
    assert (told["balanced"], told["received"], told["total"]["entered"]) == (True, 1, 1)


async def test_a_killed_worker_leaves_an_unknown_that_an_operator_settles(
    office: Office, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(hang_after_write=True, times={"hang_after_write": 1})
    office.configure("v3", sandbox)
    event = make_event(sealer)
    await office.publish(event)
    with office.worker() as process:
        await office.until(event, State.SENDING)
        while not await sandbox.complaints():
            await asyncio.sleep(0.01)
        process.kill()
        process.wait()
    with office.worker() as process:
        await office.until(event, State.UNKNOWN)
        assert await stop(process) == 0
    (entered,) = await sandbox.complaints()
    number = str(entered.tracking_id)
    found = await office.run("entry", "found", event.reference, number, "--by", "wati", *NOTE)
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"{event.reference}: masuk LAPOR!, tracking id {number}\n"
    shown = await office.run("entry", "show", event.reference)
    assert "worker_restarted" in shown.stdout
    assert "operator wati" in shown.stdout


async def test_refused_credentials_end_with_77(
    office: Office, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(refuse_credentials=True)
    office.configure("v3", sandbox)
    await office.publish(make_event(sealer))
    with office.worker() as process:
        assert await asyncio.to_thread(process.wait, DEADLINE_SECONDS) == 77
    lines = (office.directory / "worker.log").read_text()
    assert '"event": "deliver.stopped"' in lines
    assert "sandbox-bearer" not in lines


async def test_a_day_at_the_desk(office: Office, sealer: Sealer) -> None:
    office.configure("assisted")
    first, second, third = events = [make_event(sealer, text=f"Aduan {n}.") for n in range(3)]
    await office.publish(*events)
    with office.worker() as process:
        await office.until(third, State.RECEIVED)
        assert await stop(process) == 0

    sheet = await office.run("entry", "next", "--by", "wati")
    assert f"[{first.reference}] Aduan 0." in sheet.stdout
    assert "== Lokasi Kejadian ==\nDesa Babadan, Kec. Paron" in sheet.stdout
    assert not [value for value in IDENTITY if value in sheet.stdout]
    done = await office.run("entry", "done", first.reference, "9200001", "--note", "lancar")
    assert (done.returncode, done.stderr) == (0, "")

    custodian = office.person("wati", Role.OPERATOR, Role.CUSTODIAN)
    refused = await office.run("entry", "next", "--with-identity")
    assert refused.returncode == 2
    named = await office.run(
        "entry", "next", "--with-identity", "--reason", "LAPOR! meminta kontak", *custodian
    )
    assert all(value in named.stdout for value in (NAME, PHONE, EMAIL))
    taken = await office.run("entry", "done", str(second.complaint_id), "9200001", *NOTE)
    assert taken.returncode == 2
    assert f"sudah dipakai pengaduan {first.reference}" in taken.stderr
    assert (await office.run("entry", "release", second.reference, *NOTE)).returncode == 0
    history = (await office.run("entry", "show", second.reference)).stdout
    assert "identity_shown" in history
    assert "LAPOR! meminta kontak" in history
    assert not [value for value in IDENTITY if value in history]

    out = await office.run("entry", "exclude", third.reference, "--reason", "hanya salam")
    assert out.stdout == f"{third.reference}: dikecualikan\n"
    again = await office.run("entry", "resend", third.reference, *NOTE)
    assert again.stdout == f"{third.reference}: menunggu\n"
    waiting = await office.run("entry", "list", "--state", "received")
    assert second.reference in waiting.stdout
    assert first.reference not in waiting.stdout

    table = await office.run("reconcile")
    assert table.returncode == 0
    assert "Diterima" in table.stdout
    assert "Seluruh pengaduan yang diterima terhitung." in table.stdout
    with sqlite3.connect(office.data / "ledger.db") as connection:
        connection.execute("DELETE FROM complaint WHERE reference = ?", (third.reference,))
    connection.close()
    broken = await office.run("reconcile", "--from", "2026-03-01", "--to", "2026-03-03")
    assert broken.returncode == 1
    assert f"{third.reference} {third.complaint_id}" in broken.stdout
    other_day = await office.run("reconcile", "--day", "2026-03-05")
    assert other_day.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("entry", "done", "NGW-26-NOSUCH00", "9200001", *NOTE), "tidak ada pengaduan"),
        (("entry", "done", "REFERENCE", "9x", *NOTE), "hanya berisi angka"),
        (("entry", "found", "REFERENCE", "9200001", *NOTE), "belum pasti"),
        (("entry", "release", "REFERENCE", *NOTE), "tidak sedang dipegang"),
        (("entry", "exclude", "REFERENCE", "--reason", " "), "catatan wajib"),
        (("entry", "done", "REFERENCE", "9200001"), "catatan wajib"),
        (("entry", "found", "REFERENCE", "9200001"), "catatan wajib"),
        (("entry", "resend", "REFERENCE"), "catatan wajib"),
        (("entry", "release", "REFERENCE"), "catatan wajib"),
        (("entry", "files", "REFERENCE", "--resend"), "catatan wajib"),
    ],
)
async def test_what_cannot_be_done_is_said_plainly(
    office: Office, sealer: Sealer, arguments: tuple[str, ...], words: str
) -> None:
    office.configure("assisted")
    row = await waiting_row(office, sealer)
    given = [row.reference if item == "REFERENCE" else item for item in arguments]
    result = await office.run(*given)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


async def test_the_desk_is_closed_in_mode_v3(
    office: Office, sandbox: Sandbox, sealer: Sealer
) -> None:
    office.configure("v3", sandbox)
    await waiting_row(office, sealer)
    refused = await office.run("entry", "next")
    assert refused.returncode == 2
    assert "mode v3" in refused.stderr


async def test_migrating_by_hand_and_an_unmigrated_ledger(office: Office) -> None:
    office.configure("assisted")
    with office.config.open("a") as config:
        config.write("[ledger]\nmigrate_at_start = false\n")
    refused = await office.run("entry", "list")
    assert refused.returncode == 78
    assert "gateway ledger migrate" in refused.stderr
    for _ in range(2):
        assert (await office.run("ledger", "migrate")).returncode == 0
    assert (await office.run("--config", str(office.config), "entry", "list")).returncode == 0


async def waiting_row(office: Office, sealer: Sealer) -> LedgerRow:
    """One complaint in the ledger, as the worker leaves it in assisted mode."""

    def take() -> LedgerRow:
        engine = open_engine(f"sqlite:///{office.data / 'ledger.db'}")
        migrate(engine)
        ledger = Ledger(engine, ZoneInfo("Asia/Jakarta"))
        row, _ = ledger.record(make_event(sealer), at(0), NOON, WORKER)
        ledger.close()
        return row

    return await asyncio.to_thread(take)
