"""The commands as processes of their own: reconcile with LAPOR, close, verify, minutes."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest

from compose.lapor_sandbox.api import STORE
from deliver.states import State
from gateway.sealing import Sealer
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import IDENTITY, make_event
from tests.deliver.running import Sandbox
from tests.deliver.test_commands import Office, stop

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
DAY = YESTERDAY.astimezone(JAKARTA).date().isoformat()


@pytest.fixture
def office(tmp_path: Path, key_dir: Path) -> Office:
    return Office(tmp_path, key_dir)


async def a_day(office: Office, sandbox: Sandbox, sealer: Sealer, close_days: str) -> list[str]:
    """Two complaints of yesterday in LAPOR; their numbers."""
    office.configure("v3", sandbox)
    with office.config.open("a") as config:
        config.write(f"[proof]\nclose_days = {close_days}\nunit = 'Dinas Contoh'\n")
    events = [make_event(sealer, received_at=YESTERDAY) for _ in range(2)]
    await office.publish(*events)
    with office.worker() as process:
        for event in events:
            await office.until(event, State.ENTERED)
        assert await stop(process) == 0
    return [event.reference for event in events]


async def test_close_verify_and_minutes(
    office: Office, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    first, second = await a_day(office, sandbox, sealer, "false")
    early = await office.run("ledger", "minutes", "--to", str(tmp_path / "x.pdf"))
    assert early.returncode == 2
    assert "belum ditutup" in early.stderr

    closed = await office.run("ledger", "close", "--by", "wati")
    assert closed.returncode == 0, closed.stderr
    assert f"Hari {DAY} ditutup: 6 baris riwayat." in closed.stdout
    paper = closed.stdout.splitlines()[-1].strip()
    assert len(paper.split()) == 16
    again = await office.run("ledger", "close", "--day", DAY)
    assert again.returncode == 2
    assert "sudah ditutup" in again.stderr

    whole = await office.run("ledger", "verify", "--json", "--paper", paper)
    assert whole.returncode == 0, whole.stdout
    told = json.loads(whole.stdout)
    assert (told["intact"], told["days"]) == (True, 1)
    assert told["last"]["hash"] == paper.replace(" ", "")
    assert (await office.run("ledger", "verify", "--paper", "beef" * 16)).returncode == 1

    pdf = tmp_path / "berita-acara.pdf"
    written = await office.run("ledger", "minutes", "--day", DAY, "--to", str(pdf))
    assert written.returncode == 0, written.stderr
    (page,) = pypdf.PdfReader(pdf).pages
    text = page.extract_text()
    assert paper in text
    assert "DINAS CONTOH" in text
    assert not [value for value in IDENTITY if value in text]

    with sqlite3.connect(office.data / "ledger.db") as ledger:
        ledger.execute(
            "UPDATE complaint SET reference = 'NGW-26-00000000' WHERE reference = ?", (first,)
        )
    ledger.close()
    changed = await office.run("ledger", "verify")
    assert changed.returncode == 1
    assert f"{DAY}: pengaduan diubah" in changed.stdout
    assert second not in changed.stdout


async def test_reconcile_with_lapor(
    office: Office, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    first, second = await a_day(office, sandbox, sealer, "false")
    asked = await office.run("reconcile", "--day", DAY, "--lapor", "--json")
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    assert told["lapor"]["both"] == 2
    assert told["findings"] == []

    lost, kept = await sandbox.complaints()
    await sandbox.app[STORE]._run(
        lambda db: db.execute("DELETE FROM complaints WHERE tracking_id = ?", (lost.tracking_id,))
    )
    table = await office.run("reconcile", "--day", DAY, "--lapor")
    assert table.returncode == 1
    assert f"tracking id {lost.tracking_id}, tidak ada di LAPOR!" in table.stdout
    assert "1 ada di keduanya, 1 hanya pada kita" in table.stdout

    exported = tmp_path / "daftar.csv"
    exported.write_text(f"Tracking ID;Isi\n{kept.tracking_id};{second}\n")
    compared = await office.run("reconcile", "--lapor-list", str(exported), "--csv")
    assert compared.returncode == 1
    rows = list(csv.DictReader(io.StringIO(compared.stdout)))
    assert [row["section"] for row in rows] == ["equation", "finding"]
    assert (rows[0]["entered"], rows[1]["kind"]) == ("2", "only_ours")
    assert rows[1]["reference"] in (first, second)

    both = await office.run("reconcile", "--lapor", "--lapor-list", str(exported))
    assert (both.returncode, "pilih salah satu" in both.stderr) == (2, True)


async def test_the_worker_closes_yesterday_by_itself(
    office: Office, sandbox: Sandbox, sealer: Sealer
) -> None:
    with_grace = "true\nclose_after_minutes = 0"
    await a_day(office, sandbox, sealer, with_grace)
    again = await office.run("ledger", "close")
    assert again.returncode == 2
    assert (await office.run("ledger", "verify")).returncode == 0
