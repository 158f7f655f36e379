"""In both, only with us, only in LAPOR: against the sandbox, and against an exported list."""

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from compose.lapor_sandbox.api import STORE
from deliver.lapor.v3 import LaporV3
from deliver.lapor.v3_list import V3ReadBack
from deliver.ledger import Ledger
from deliver.proof.entered import EnteredRows
from deliver.proof.exported import read_exported
from deliver.proof.findings import Finding, Kind
from deliver.proof.lapor import Match, match
from deliver.proof.period import Period
from deliver.proof.settings import ProofSettings
from deliver.proof.words import advice_of, what_of
from deliver.read_back import ReadBack
from deliver.settings import LaporSettings
from deliver.states import Actor, State, Who
from deliver.target import Busy
from gateway.errors import Misconfigured
from normalizer.event import ComplaintEvent
from normalizer.identity import reference
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import NOON, at, make_event
from tests.deliver.running import Sandbox, elsewhere
from tests.servers import free_ports

BY = Actor(Who.WORKER, "worker")
OPERATOR = Actor(Who.OPERATOR, "operator")
LIST_PATH = "/complaints?page={page}&from={first}&to={last}"


def an_event(**changed: object) -> ComplaintEvent:
    """One with a number as they really are: it is read out of LAPOR's text again."""
    event = make_event(**changed)  # type: ignore[arg-type]
    number = reference(event.complaint_id, event.received_at, "NGW", JAKARTA)
    return event.model_copy(update={"reference": number})


async def in_lapor(sandbox: Sandbox, text: str) -> str:
    """What somebody, perhaps we, entered; its tracking id."""
    fields = {"title": "x", "content": text, "disposition_id": 1}
    return str(await sandbox.app[STORE].add_complaint(NOON, fields, ()))


def entered(ledger: Ledger, event: ComplaintEvent, tracking_id: str) -> None:
    row, _ = ledger.record(event, at(0), NOON, BY)
    claimed = ledger.claim(row, OPERATOR, NOON, None, "assisted")
    assert claimed is not None
    ledger.move(claimed, State.ENTERED, OPERATOR, "entered", NOON, tracking_id=tracking_id)


def text_of(event: ComplaintEvent) -> str:
    return f"[{event.reference}] {event.text}"


@asynccontextmanager
async def reading(settings: LaporSettings) -> AsyncIterator[V3ReadBack]:
    lapor = LaporV3(settings)
    await lapor.open()
    try:
        yield V3ReadBack(lapor, settings, "NGW")
    finally:
        await lapor.close()


async def no_sleep(_: float) -> None:
    """A test waits for nobody."""


async def matched(lapor: ReadBack, ledger: Ledger, period: Period | None = None) -> Match:
    rows = EnteredRows(ledger.engine, JAKARTA)
    return await match(lapor, rows, period or Period(), no_sleep)


def told(found: Finding) -> str:
    assert advice_of(found)
    return what_of(found)


async def test_the_three_ways(sandbox: Sandbox, any_ledger: Ledger) -> None:
    both, gone, unsure = an_event(), an_event(), an_event()
    entered(any_ledger, both, await in_lapor(sandbox, text_of(both)))
    entered(any_ledger, gone, "9999999")
    any_ledger.record(unsure, at(1), NOON, BY)
    stray = await in_lapor(sandbox, text_of(unsure))
    unknown = an_event()
    stranger = await in_lapor(sandbox, text_of(unknown))
    for _ in range(25):
        await in_lapor(sandbox, "Lampu jalan padam.")
    async with reading(sandbox.lapor(list_path=LIST_PATH)) as lapor:
        found = await matched(lapor, any_ledger)
    assert found.listed
    assert (found.both, found.only_ours) == (1, 1)
    assert (found.only_lapor_ours, found.only_lapor_others, found.unread) == (2, 25, 0)
    assert [told(one) for one in found.findings] == [
        f"sms: {gone.reference}: tercatat masuk dengan tracking id 9999999, tidak ada di LAPOR!",
        f"sms: tracking id {stray} di LAPOR! memuat nomor {unsure.reference}, "
        "buku besar tidak mencatatnya masuk",
        f"tracking id {stranger} di LAPOR! memuat nomor {unknown.reference}, "
        "buku besar tidak mencatatnya masuk",
    ]


async def test_entered_twice_is_named(sandbox: Sandbox, ledger: Ledger) -> None:
    event = an_event()
    first = await in_lapor(sandbox, text_of(event))
    second = await in_lapor(sandbox, text_of(event))
    entered(ledger, event, first)
    async with reading(sandbox.lapor(list_path=LIST_PATH)) as lapor:
        found = await matched(lapor, ledger)
    (one,) = found.findings
    assert one.kind is Kind.TWICE_IN_LAPOR
    assert (
        told(one)
        == f"sms: {event.reference} ada dua kali di LAPOR!: tracking id {second} dan {first}"
    )


async def test_a_tracking_id_of_another_complaint_is_named(
    sandbox: Sandbox, ledger: Ledger
) -> None:
    event, other = an_event(), an_event()
    entered(ledger, event, await in_lapor(sandbox, text_of(other)))
    async with reading(sandbox.lapor(list_path=LIST_PATH)) as lapor:
        found = await matched(lapor, ledger)
    assert [one.kind for one in found.findings] == [Kind.OTHER_IN_LAPOR]


async def test_what_is_linked_is_no_stray(sandbox: Sandbox, ledger: Ledger) -> None:
    event = an_event()
    row, _ = ledger.record(event, at(0), NOON, BY)
    number = await in_lapor(sandbox, text_of(event))
    ledger.move(row, State.LINKED, BY, "already_there", NOON, linked_tracking_id=number)
    async with reading(sandbox.lapor(list_path=LIST_PATH)) as lapor:
        found = await matched(lapor, ledger)
    assert (found.findings, found.only_lapor_ours, found.only_lapor_others) == ([], 0, 0)


async def test_without_a_list_each_of_ours_is_asked_for(sandbox: Sandbox, ledger: Ledger) -> None:
    here, gone, later = an_event(), an_event(), an_event(received_at=NOON + timedelta(days=1))
    entered(ledger, here, await in_lapor(sandbox, text_of(here)))
    entered(ledger, gone, "9999998")
    entered(ledger, later, "9999999")
    await in_lapor(sandbox, text_of(an_event()))
    monday = date(2026, 3, 2)
    async with reading(sandbox.lapor()) as lapor:
        found = await matched(lapor, ledger, Period(monday, monday))
    assert (found.listed, found.both, found.only_ours) == (False, 1, 1)
    assert [one.reference for one in found.findings] == [gone.reference]


async def test_a_busy_lapor_is_asked_again_and_a_silent_one_is_said_so(
    sandbox: Sandbox, ledger: Ledger
) -> None:
    event = an_event()
    entered(ledger, event, await in_lapor(sandbox, text_of(event)))

    class Hurried:
        """Answers after being asked for the third time."""

        def __init__(self, lapor: ReadBack) -> None:
            self.lapor, self.asked = lapor, 0

        async def exists(self, tracking_id: str) -> bool:
            self.asked += 1
            if self.asked < 3:
                raise Busy(7)
            return await self.lapor.exists(tracking_id)

        def listed(self, first: date | None, last: date | None) -> object:
            return self.lapor.listed(first, last)

    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with reading(sandbox.lapor()) as lapor:
        rows = EnteredRows(ledger.engine, JAKARTA)
        found = await match(Hurried(lapor), rows, Period(), sleep)  # type: ignore[arg-type]
    assert (found.both, pauses) == (1, [7, 7])
    async with reading(elsewhere(free_ports(1)[0])) as away:
        found = await matched(away, ledger)
    assert (found.both, found.unread) == (0, 1)
    assert [one.kind for one in found.findings] == [Kind.LAPOR_UNREAD]


async def test_a_list_of_another_shape_is_never_an_empty_one(
    sandbox: Sandbox, ledger: Ledger
) -> None:
    event = an_event()
    entered(ledger, event, await in_lapor(sandbox, text_of(event)))
    async with reading(sandbox.lapor(list_path="/complaints/9200001/complaint")) as lapor:
        found = await matched(lapor, ledger)
    assert [one.kind for one in found.findings] == [Kind.LAPOR_UNREAD]


HEADINGS = ("No", "Tracking ID", "Judul", "Isi Laporan")


def a_file(directory: Path, name: str, rows: list[tuple[object, ...]]) -> Path:
    file = directory / name
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(("Daftar Laporan",))
        for row in rows:
            sheet.append(list(row))
        book.save(file)
        return file
    mark = ";" if "semicolon" in name else ","
    lines = [mark.join(f'"{cell}"' for cell in row) for row in rows]
    file.write_text("\r\n".join(lines), "utf-8-sig" if "bom" in name else "utf-8")
    return file


@pytest.mark.parametrize("name", ["list.csv", "semicolon.csv", "bom.csv", "list.xlsx"])
async def test_an_exported_list(tmp_path: Path, ledger: Ledger, name: str) -> None:
    both, gone, stray = an_event(), an_event(), an_event()
    entered(ledger, both, "9165816")
    entered(ledger, gone, "9165817")
    ledger.record(stray, at(3), NOON, BY)
    file = a_file(
        tmp_path,
        name,
        [
            HEADINGS,
            (1, 9165816, "Jalan", text_of(both)),
            (2, "#9165818", "Jalan", text_of(stray)),
            (3, 9165819, "Lampu", "Lampu padam, lama sekali"),
            ("", "", "", "Jumlah"),
        ],
    )
    found = await matched(read_exported(file, ProofSettings(), "NGW"), ledger)
    assert (found.both, found.only_ours) == (1, 1)
    assert (found.only_lapor_ours, found.only_lapor_others) == (1, 1)
    assert [one.reference for one in found.findings] == [gone.reference, stray.reference]


def test_a_list_that_is_none(tmp_path: Path) -> None:
    settings = ProofSettings()
    with pytest.raises(Misconfigured, match="list_id_headings"):
        read_exported(a_file(tmp_path, "a.csv", [("Nama", "Umur"), ("x", "1")]), settings, "NGW")
    with pytest.raises(Misconfigured, match="tidak dapat dibaca"):
        read_exported(tmp_path / "not-there.csv", settings, "NGW")
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as other:
        other.writestr("[Content_Types].xml", "<not xml")
    with pytest.raises(Misconfigured, match="bukan CSV atau XLSX"):
        read_exported(tmp_path / "c.xlsx", settings, "NGW")
    own = ProofSettings(list_id_headings=("Nomor Kita",))
    read_exported(a_file(tmp_path, "b.csv", [("nomor kita", "Isi"), ("1", "x")]), own, "NGW")
