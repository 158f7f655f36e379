"""Opening and erasing at the terminal, by processes of their own."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deliver.acts import Acts
from deliver.states import State
from gateway.auth import Role
from gateway.sealing import Sealer
from tests.deliver.making import ADDRESS, IDENTITY, NAME, NIK, NOON, PHONE, at, make_event
from tests.deliver.running import WORKER
from tests.deliver.test_commands import NOTE, Office


@pytest.fixture
def office(tmp_path: Path, key_dir: Path) -> Office:
    made = Office(tmp_path, key_dir)
    made.configure("assisted")
    return made


async def in_ledger(office: Office, sealer: Sealer, *keys: str | None) -> list[str]:
    """References of complaints that wait, one for each reporter key."""
    assert (await office.run("ledger", "migrate")).returncode == 0
    ledger = office.ledger()
    events = [make_event(sealer, reporter_key=key) for key in keys]
    for offset, event in enumerate(events):
        ledger.record(event, at(offset), NOON, WORKER)
    ledger.close()
    return [event.reference for event in events]


async def test_a_custodian_with_a_password_and_a_reason(office: Office, sealer: Sealer) -> None:
    (name,) = await in_ledger(office, sealer, None)
    clerk, custodian = office.person("wati", Role.OPERATOR), office.person("tini", Role.CUSTODIAN)
    wrong = office.directory / "wrong"
    wrong.write_text("bukan kata sandinya\n")
    show = ("identity", "show", name)
    for arguments, code, words in (
        ((*show, *custodian), 2, "catatan wajib"),
        ((*show, "--reason", "perlu"), 2, "--login"),
        ((*show, "--reason", "perlu", *clerk), 2, "custodian"),
        ((*show, "--reason", "perlu", *custodian[:-1], str(wrong)), 77, "salah"),
        ((*show, "--reason", "perlu", "--login", "nobody", *custodian[2:]), 77, "salah"),
        (("entry", "sheet", name, "--with-identity", *custodian), 2, "--reason"),
        (("entry", "sheet", name, "--with-identity", "--reason", "x", *clerk), 2, "custodian"),
    ):
        refused = await office.run(*arguments)
        assert (refused.returncode, words in refused.stderr) == (code, True), refused.stderr
        assert not [value for value in IDENTITY if value in refused.stdout + refused.stderr]
    assert "identity_shown" not in (await office.run("entry", "show", name)).stdout
    shown = await office.run(*show, "--reason", "LAPOR! meminta kontak", *custodian)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert all(value in shown.stdout for value in (NAME, PHONE, NIK, ADDRESS))
    history = (await office.run("entry", "show", name)).stdout
    assert "LAPOR! meminta kontak" in history
    assert "operator u-" in history
    # The proof was for one command: nobody is logged in after it.
    with closing(sqlite3.connect(office.data / "people.db")) as connection:
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (0,)


async def test_erasing_all_of_one_reporter_and_the_letter(office: Office, sealer: Sealer) -> None:
    first, other, waiting = await in_ledger(office, sealer, "kunci-1", "kunci-2", "kunci-1")
    custodian = office.person("tini", Role.CUSTODIAN)
    done = await office.run("entry", "done", first, "9200001", *NOTE)
    assert done.returncode == 0
    letter = office.directory / "surat.txt"
    asked = ("identity", "erase", "--like", first, *custodian)
    dry = await office.run(*asked, "--dry-run")
    assert dry.returncode == 2
    assert f"{waiting}: menunggu — TIDAK DIHAPUS: belum masuk LAPOR!" in dry.stdout
    assert "1 dapat dihapus; 1 ada atau mungkin ada di LAPOR!" in dry.stdout
    unasked = await office.run(*asked, "--reason", "permintaan")
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    reason = ("--reason", f"surat dari {PHONE}")
    erased = await office.run(
        *asked, "--enter-anonymously", "--yes", *reason, "--letter", str(letter)
    )
    assert (erased.returncode, erased.stderr) == (0, "")
    assert "2 identitas dihapus" in erased.stdout
    words = letter.read_text()
    assert (f"{first} | 9200001" in words, waiting in words, other in words) == (
        True, False, False,
    )  # fmt: skip
    closed = await office.run("identity", "show", first, "--reason", "perlu", *custodian)
    assert (closed.returncode, "sudah dihapus" in closed.stderr) == (2, True)
    sheet = (await office.run("entry", "next", "--by", "wati")).stdout
    assert other in sheet or waiting in sheet
    ledger = office.ledger()
    (act,) = Acts(ledger).of("identity_erased")
    assert act.note == "surat dari [TELEPON] (2 dihapus, 0 tidak)"
    (still,) = ledger.queries.find(other)
    assert still.event().sealed is not None
    ledger.close()
    told = json.loads((await office.run("identity", "list", "--json")).stdout)
    assert [one["why"] for one in told] == ["surat dari [TELEPON]"] * 2
    everything = dry.stdout + erased.stdout + sheet + words + json.dumps(told)
    assert not [value for value in IDENTITY if value in everything]
    assert PHONE.encode() not in (office.data / "ledger.db").read_bytes()


async def test_after_an_older_backup_the_list_erases_again(office: Office, sealer: Sealer) -> None:
    first, second = await in_ledger(office, sealer, None, None)
    custodian = office.person("tini", Role.CUSTODIAN)
    for number, name in ((9200001, first), (9200002, second)):
        assert (await office.run("entry", "done", name, str(number), *NOTE)).returncode == 0
    backup = (office.data / "ledger.db").read_bytes()
    asked = ("identity", "erase", *custodian, "--reason", "permintaan", "--yes")
    assert (await office.run(*asked, first)).returncode == 0
    kept = office.directory / "dihapus.txt"
    kept.write_text("\n".join((await office.run("identity", "list")).stdout.splitlines()[:-1]))
    (office.data / "ledger.db").write_bytes(backup)
    assert (await office.run(*asked, "--list", str(kept))).returncode == 0
    ledger = office.ledger()
    sealed = [ledger.queries.find(name)[0].event().sealed for name in (first, second)]
    assert (sealed[0], sealed[1] is None) == (None, False)
    ledger.close()


async def test_what_lost_its_text_is_not_sent_again(office: Office, sealer: Sealer) -> None:
    (name,) = await in_ledger(office, sealer, None)
    custodian = office.person("tini", Role.CUSTODIAN)
    assert (await office.run("entry", "exclude", name, "--reason", "salam")).returncode == 0
    erased = await office.run(
        "identity", "erase", name, "--with-text", "--yes", "--reason", "permintaan", *custodian
    )
    assert erased.returncode == 0, erased.stderr
    refused = await office.run("entry", "resend", name, *NOTE)
    assert (refused.returncode, "isinya sudah dihapus" in refused.stderr) == (2, True)


async def test_retention_by_hand_and_by_the_worker(office: Office, sealer: Sealer) -> None:
    (name,) = await in_ledger(office, sealer, None)
    assert (await office.run("entry", "exclude", name, "--reason", "salam")).returncode == 0
    off = await office.run("identity", "retention")
    assert (off.returncode, "identity_days" in off.stderr) == (2, True)
    with office.config.open("a") as config:
        config.write("[retention]\nidentity_days = 1\nlook_every_seconds = 0.05\n")
    assert "paling sedikit 0" in (await office.run("identity", "retention", "--dry-run")).stdout
    with closing(sqlite3.connect(office.data / "ledger.db")) as connection, connection:
        connection.execute("UPDATE complaint SET state_at = '2026-03-02 05:00:00.000000'")
    await office.publish()
    event = make_event(sealer)
    await office.publish(event)
    with office.worker() as process:
        await office.until(event, State.RECEIVED)
        ledger = office.ledger()
        while ledger.queries.find(name)[0].event().sealed is not None:
            assert process.poll() is None
        ledger.close()
    lines = (office.directory / "worker.log").read_text()
    assert '"event": "identity.erased"' in lines
    assert not [value for value in IDENTITY if value in lines]
