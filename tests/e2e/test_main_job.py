"""An SMS and a box slip, from the wire to LAPOR, as a new user sees it; and nobody exposed.

Both ways of running it: embedded (SQLite log and ledger) and Kafka with PostgreSQL.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, ask, running_stack
from tests.servers.postgres import fresh_database
from tests.waiting import wait_for

#: Seeded into the traffic; may stand in sealed parts and in LAPOR's own reporter fields only.
NAME, NUMBER, NIK = "Sri Rejeki Contoh", "81200009001", "3521145203850009"
MAIL, HANDLE = "sri.rejeki@contoh.example", "Budi Santoso Contoh"
SEEDED = (NAME, NUMBER, NIK, MAIL, HANDLE)
TEXT = (
    f"NGAWI Jembatan desa Babadan kec. Paron retak. Nama saya {NAME}, NIK {NIK}, "
    f"hubungi 0{NUMBER} atau {MAIL}"
)


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("cluster", marks=[pytest.mark.kafka, pytest.mark.postgres]),
    ],
)
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        with running_stack(directory) as running:
            yield running
        return
    prefix = f"e2e-{directory.name}"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": request.getfixturevalue("kafka_bootstrap"),
        "GATEWAY_TOPICS_ACCEPTED": f"{prefix}.accepted.v1",
        "GATEWAY_TOPICS_REJECTED": f"{prefix}.rejected.v1",
        "GATEWAY_TOPICS_ENTERED": f"{prefix}.entered.v1",
    }
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        environment["GATEWAY_LEDGER_URL"] = url
        with running_stack(directory, environment) as running:
            yield running


@pytest.fixture(scope="module")
def entered(stack: Stack) -> Stack:
    """The stack after one SMS, one refused, one unreadable item, all of them seeded."""
    assert stack.sms(TEXT, "0" + NUMBER, "e2e-1").status == 200
    assert ask(f"{stack.public}/sms/1708", data=b"text=" + NAME.encode()).status == 401
    broken = ask(
        f"{stack.public}/sms/1708",
        data=json.dumps({"from": NUMBER, "who": NAME}).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic ZGVtbzpkZW1vMTcwOA==",
        },
    )
    assert broken.status == 200
    wait_for(lambda: stack.in_lapor("Jembatan"), "the SMS in LAPOR")
    return stack


def test_sms_is_entered_with_a_tracking_id(entered: Stack) -> None:
    (complaint,) = entered.in_lapor("Jembatan")
    assert len(str(complaint["tracking_id"])) == 7
    fields = complaint["fields"]
    assert "Desa Babadan, Kec. Paron" in fields["content"]
    assert fields["content"].startswith("[NGW-")
    for token in ("[NIK]", "[TELEPON]", "[EMAIL]", "[NAMA]"):
        assert token in fields["content"]


def test_the_sender_is_told_both_numbers_and_nothing_else(entered: Stack) -> None:
    (complaint,) = entered.in_lapor("Jembatan")
    reference = str(complaint["fields"]["content"])[1:16]

    def told() -> list[str]:
        messages = json.loads(ask(f"{entered.sandbox}/phone/messages").body)
        return [one["text"] for one in messages if reference in one["text"]]

    wait_for(lambda: len(told()) == 2, "two answers")
    received, number = told()
    assert str(complaint["tracking_id"]) in number
    for text in (received, number):
        assert len(text) <= 160
        assert "Jembatan" not in text
        assert NAME not in text

    def recorded() -> bool:
        shown = entered.gateway("entry", "show", reference).stdout
        return shown.count("terkirim") == 2

    wait_for(recorded, "both answers in the ledger")


def test_watch_shows_it_without_saying_who(entered: Stack) -> None:
    def watched() -> str:
        shown = entered.gateway("watch", "--once").stdout
        return shown if "#92" in shown else ""

    shown = wait_for(watched, "the receipt in gateway watch")
    assert "Desa Babadan, Kec. Paron" in shown
    assert not [seed for seed in SEEDED if seed in shown]


def test_reconcile_accounts_for_everything(entered: Stack) -> None:
    done = entered.gateway("reconcile", "--json")
    assert done.returncode == 0, done.stdout
    assert "unaccounted" in done.stdout


def test_check_finds_everything_in_order(entered: Stack) -> None:
    done = entered.gateway("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout


def test_a_repeat_is_not_entered_again(entered: Stack) -> None:
    for _ in range(3):
        assert entered.sms(TEXT, "0" + NUMBER, "e2e-1").status == 200
    assert entered.sms("NGAWI Lampu mati di Kendal", "0" + NUMBER, "e2e-2").status == 200
    wait_for(lambda: entered.in_lapor("Lampu mati"), "what came after the repeats")
    assert len(entered.in_lapor("Jembatan")) == 1


def test_nobody_is_exposed_anywhere(entered: Stack) -> None:
    """Logs, metrics, pages, ledger, log files: every byte of them."""
    places = {
        path.name: path.read_bytes()
        for path in entered.directory.rglob("*")
        if path.is_file() and "sandbox" not in path.name and "keys" not in path.parts
    }
    assert "gateway.jsonl" in places
    assert any(b"intake.accepted" in content for content in places.values())
    for name, url in (("intake", entered.internal), ("deliver", entered.deliver)):
        places[f"metrics {name}"] = ask(f"{url}/metrics").body.encode()
    places["forged"] = ask(f"{entered.public}/sms/1708", data=NAME.encode()).body.encode()
    places["not found"] = ask(f"{entered.public}/{NUMBER}").body.encode()
    found = [
        (name, seed)
        for name, content in places.items()
        for seed in SEEDED
        if seed.encode() in content
    ]
    assert found == []


def test_nobody_is_exposed_in_the_ledger(entered: Stack) -> None:
    url = entered.environment.get("GATEWAY_LEDGER_URL")
    if url is None:
        return  # its file was read byte by byte above
    dump = subprocess.run(
        ["pg_dump", "--inserts", url.replace("postgresql+psycopg", "postgresql")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "NGW-" in dump
    assert not [seed for seed in SEEDED if seed in dump]


def test_a_stranger_reads_cloudevents_and_no_identity(entered: Stack) -> None:
    bootstrap = entered.environment.get("KAFKA_BOOTSTRAP_SERVERS")
    if bootstrap is None:
        return
    kcat = shutil.which("kcat")
    assert kcat, "kcat is missing; install it (Debian: kcat)"
    dumped = ""
    for topic in ("ACCEPTED", "REJECTED", "ENTERED"):
        name = entered.environment[f"GATEWAY_TOPICS_{topic}"]
        line = f"{name} key=%k headers=%h value=%s\\n"
        dumped += subprocess.run(
            [kcat, "-C", "-e", "-q", "-b", bootstrap, "-t", name, "-f", line],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    for expected in (
        "ce_specversion=1.0",
        "ce_type=id.go.ngawikab.complaint.accepted.v1",
        "ce_type=id.go.ngawikab.complaint.rejected.v1",
        "ce_type=id.go.ngawikab.complaint.entered.v1",
        "ce_source=/channels/sms/1708",
        "content-type=application/json",
        "traceparent=00-",
    ):
        assert expected in dumped
    assert not [seed for seed in SEEDED if seed in dumped]


def test_stops_in_order_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_stack(tmp_path / "stack") as stack:
        intake = stack.child("connectors")
        worker = stack.child("deliver")
        stack.process.stop()
        assert stack.process.exit_code() == 0
        assert not intake.is_running()
        assert not worker.is_running()
    log = (tmp_path / "stack/logs/gateway.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    stopped = [event["child"] for event in events if event["event"] == "child.stopped"]
    assert stopped == ["connectors", "replies", "deliver", "sandbox"]
    assert {event["exit_code"] for event in events if event["event"] == "child.stopped"} == {0}


@pytest.mark.browser
async def test_a_slip_typed_in_a_browser_is_entered(entered: Stack, browser: Browser) -> None:
    login, password = entered.login
    page = await browser.new_page(locale="id-ID")
    await page.goto(f"{entered.public}/petugas/")
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", password)
    await page.keyboard.press("Enter")
    await page.get_by_role("radio", name="Datang langsung").check()
    await page.fill("textarea", "Talang air balai desa bocor sejak hujan kemarin.")
    await page.keyboard.press("Control+Enter")
    number = page.get_by_text("NGW-").first
    await expect(number).to_be_visible()
    shown = re.search(r"NGW-\d\d-[0-9A-Z]{8}", await number.inner_text())
    assert shown
    (complaint,) = wait_for(lambda: entered.in_lapor("Talang air"), "the slip in LAPOR")
    assert complaint["fields"]["content"].startswith(f"[{shown[0]}]")
    assert entered.gateway("reconcile").returncode == 0
