"""Files for LAPOR's bulk upload: out, back, lost, given back; nothing twice."""

import csv
import io
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from deliver.bulk import BulkFiles
from deliver.bulk_export import Exports
from deliver.bulk_import import Outcome, Told, take_back
from deliver.desk import Desk, NotFound
from deliver.lapor.file import (
    FORMULA_STARTS,
    REFERENCE_HEADER,
    TRACKING_HEADER,
    Format,
    plain_cell,
)
from deliver.lapor.file_back import BackRow, UnreadableFile, read_back
from deliver.ledger import Ledger, NotAllowed, Stale
from deliver.rows import LedgerRow
from deliver.states import Actor, State, Who
from gateway.sealing import Sealer
from normalizer.event import ComplaintEvent, Origin
from tests.deliver.making import IDENTITY, NOON, at, make_event

ZONE = ZoneInfo("Asia/Jakarta")
WORKER = Actor(Who.WORKER, "worker")
SRI = Actor(Who.OPERATOR, "sri")


def desk_of(ledger: Ledger, by: Actor = SRI) -> Desk:
    """A desk whose clock moves a second with every look."""
    seconds = iter(range(1, 1_000_000))
    return Desk(ledger, by, lambda: NOON + timedelta(hours=1, seconds=next(seconds)))


@pytest.fixture
def desk(any_ledger: Ledger) -> Desk:
    return desk_of(any_ledger)


@pytest.fixture
def exports(desk: Desk) -> Exports:
    return Exports(desk, ZONE)


def take(ledger: Ledger, *events: ComplaintEvent) -> list[LedgerRow]:
    return [
        ledger.record(event, at(number), NOON, WORKER)[0] for number, event in enumerate(events)
    ]


def cells(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        text = path.read_bytes().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))
    sheet = load_workbook(path).worksheets[0]
    return [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]


def written_back(path: Path, numbers: dict[str, str]) -> Path:
    """What an operator does: types the numbers into the last column and saves."""
    book = load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[-1].value = numbers.get(str(row[0].value), "")
    book.save(path)
    return path


def imported(desk: Desk, path: Path) -> list[Outcome]:
    return list(take_back(desk, read_back(path), "NGW"))


def told(outcomes: Sequence[Outcome]) -> list[Told]:
    return [outcome.told for outcome in outcomes]


def back(*rows: tuple[str, str]) -> list[BackRow]:
    return [BackRow(line, *row) for line, row in enumerate(rows, start=2)]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_columns_are_those_of_lapors_form(
    exports: Exports, sealer: Sealer, tmp_path: Path, form: Format
) -> None:
    event = make_event(sealer)
    take(exports.desk.ledger, event)
    written = exports.make(tmp_path / "keluar", form, 10)
    assert written is not None
    header, row = cells(written.path)
    assert header == [
        "Nomor Pengaduan", "Judul", "Isi", "Tanggal Kejadian", "Lokasi Kejadian", "Klasifikasi",
        "Kategori", "Anonim", "Rahasia", "Tracking ID",
    ]  # fmt: skip
    assert row[0] == event.reference
    assert row[2].startswith(f"[{event.reference}] ")
    assert row[-1] == ""
    assert written.path.name == f"{written.made.file_id}.{form}"
    assert written.path.stat().st_mode & 0o077 == 0
    assert [one.name for one in written.path.parent.iterdir()] == [written.path.name]


def test_nobody_stands_in_it(exports: Exports, sealer: Sealer, tmp_path: Path) -> None:
    take(exports.desk.ledger, make_event(sealer), make_event(sealer, hide_identity=True))
    written = exports.make(tmp_path, "csv", 10)
    assert written is not None
    text = written.path.read_text(encoding="utf-8")
    assert not [value for value in IDENTITY if value in text]


def test_what_is_exported_is_in_a_persons_hand(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    ledger = exports.desk.ledger
    rows = take(ledger, *(make_event(sealer) for _ in range(3)))
    written = exports.make(tmp_path, "xlsx", 2)
    assert written is not None
    found = [ledger.queries.get(row.complaint_id) for row in rows]
    assert [row.state for row in found if row] == [State.SENDING, State.SENDING, State.RECEIVED]
    assert {(row.mode, row.claimed_by, row.claim_until) for row in found[:2] if row} == {
        ("file", "sri", None)
    }
    assert ledger.queries.claims() == []
    ((made, waiting),) = exports.files.listed()
    assert (made, waiting) == (written.made, 2)


def test_nothing_waits(exports: Exports, tmp_path: Path) -> None:
    assert exports.make(tmp_path / "keluar", "xlsx", 10) is None
    assert not (tmp_path / "keluar").exists()


def test_only_what_belongs_into_lapor_goes_into_the_file(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    """Even if no worker has come to it: linked, unknown, refused and held ones stay out."""
    ledger = exports.desk.ledger
    national = make_event(sealer, origin=Origin(already_in_lapor=True, tracking_id="9165816"))
    fine = make_event(sealer)
    rows = take(ledger, national, make_event(sealer), make_event(sealer), fine)
    for row, after in zip(rows[1:3], (State.UNKNOWN, State.PARKED), strict=True):
        claimed = ledger.claim(row, WORKER, NOON, NOON + timedelta(minutes=2), "v3")
        assert claimed is not None
        ledger.move(claimed, after, WORKER, "no_answer", NOON)
    written = exports.make(tmp_path, "xlsx", 10)
    assert written is not None
    assert [row.reference for row in written.rows] == [fine.reference]
    assert exports.desk.claim_next() is None


def test_somebody_quicker_makes_the_file_smaller_and_nothing_double(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    """Another operator takes one between our look and our claim."""
    ledger = exports.desk.ledger
    rows = take(ledger, make_event(sealer), make_event(sealer))
    other = desk_of(ledger, Actor(Who.OPERATOR, "budi"))
    ids = iter((UUID(int=1), UUID(int=2)))
    thieves: list[Callable[[], object]] = [other.claim_next]

    def new_id() -> UUID:
        while thieves:
            thieves.pop()()
        return next(ids)

    written = Exports(exports.desk, ZONE, new_id).make(tmp_path, "xlsx", 10)
    assert written is not None
    assert [row.reference for row in written.rows] == [rows[1].reference]
    assert [made.file_id for made, _ in exports.files.listed()] == [UUID(int=2)]
    assert [path.name for path in tmp_path.glob("*.xlsx")] == [f"{UUID(int=2)}.xlsx"]
    assert list(tmp_path.glob(".*")) == []


def test_a_claim_that_fails_leaves_no_file_and_no_claim(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    rows = take(exports.desk.ledger, make_event(sealer), make_event(sealer))
    exports.desk.ledger.claim(rows[1], SRI, NOON, None, "assisted")
    made = exports.make(tmp_path, "xlsx", 10)
    assert made is not None
    with pytest.raises(Stale):
        exports.files.make(made.made, rows, SRI)
    first = exports.desk.ledger.queries.get(rows[0].complaint_id)
    assert first is not None
    assert first.version == rows[0].version + 1


def test_a_directory_that_cannot_be_written_claims_nothing(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    (row,) = take(exports.desk.ledger, make_event(sealer))
    (tmp_path / "berkas").write_text("not a directory")
    with pytest.raises(FileExistsError):
        exports.make(tmp_path / "berkas", "xlsx", 10)
    assert exports.desk.ledger.queries.get(row.complaint_id) == row
    assert exports.files.listed() == []


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_crash_after_the_claim_is_made_good_by_again(
    exports: Exports,
    sealer: Sealer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: Format,
) -> None:
    take(exports.desk.ledger, *(make_event(sealer, text=f"Nomor {n}.") for n in range(5)))

    def crash(_: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("deliver.bulk_export.put", crash)
        exports.make(tmp_path / "first", form, 10)
    assert list((tmp_path / "first").glob("*.*")) != []  # aside, with a name that says so
    assert list((tmp_path / "first").glob(f"[!.]*.{form}")) == []
    assert exports.make(tmp_path / "first", form, 10) is None
    ((made, waiting),) = exports.files.listed()
    assert waiting == 5
    written = exports.again(made.file_id, tmp_path / "again", form)
    assert written.as_before
    assert len(cells(written.path)) == 6
    # The other format holds the same cells.
    other: Format = "csv" if form == "xlsx" else "xlsx"
    assert cells(exports.again(made.file_id, tmp_path / "again", other).path) == cells(written.path)


def test_again_leaves_out_what_is_not_open_any_more(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    desk = exports.desk
    rows = take(desk.ledger, *(make_event(sealer) for _ in range(3)))
    first = exports.make(tmp_path, "xlsx", 10)
    assert first is not None
    desk.done(first_row := desk.look_up(rows[0].reference), "9165816")
    desk.release(desk.look_up(rows[1].reference))
    second = exports.make(tmp_path, "xlsx", 10)
    assert second is not None
    assert first_row.reference not in {row.reference for row in second.rows}
    assert [row.reference for row in second.rows] == [rows[1].reference]
    again = exports.again(first.made.file_id, tmp_path, "xlsx")
    assert [row.reference for row in again.rows] == [rows[2].reference]
    assert [waiting for _, waiting in exports.files.listed()] == [1, 1]
    desk.done(desk.look_up(rows[2].reference), "9165817")
    with pytest.raises(NotFound, match="tidak punya baris"):
        exports.again(first.made.file_id, tmp_path, "xlsx")
    with pytest.raises(NotFound, match="tidak ada berkas"):
        exports.again(UUID(int=7), tmp_path, "xlsx")


def test_numbers_come_back_and_a_second_import_changes_nothing(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    desk = exports.desk
    rows = take(desk.ledger, *(make_event(sealer) for _ in range(3)))
    written = exports.make(tmp_path, "xlsx", 10)
    assert written is not None
    numbers = {rows[0].reference: "9165816", rows[1].reference: "#9165817"}
    path = written_back(written.path, numbers)
    outcomes = imported(desk, path)
    assert told(outcomes) == [Told.ENTERED, Told.ENTERED, Told.WAITING]
    assert [outcome.line for outcome in outcomes] == [2, 3, 4]
    first = desk.look_up(rows[0].reference)
    assert (first.state, first.tracking_id, first.mode) == (State.ENTERED, "9165816", "file")
    before = [desk.ledger.queries.history(row.complaint_id) for row in rows]
    assert told(imported(desk, path)) == [Told.REPEATED, Told.REPEATED, Told.WAITING]
    assert [desk.ledger.queries.history(row.complaint_id) for row in rows] == before
    assert [waiting for _, waiting in exports.files.listed()] == [1]


def test_a_number_of_another_complaint_is_refused_by_its_name(desk: Desk, sealer: Sealer) -> None:
    rows = take(desk.ledger, make_event(sealer), make_event(sealer))
    desk.done(rows[0], "9165816")
    (outcome,) = take_back(desk, back((rows[1].reference, "9165816")), "NGW")
    assert outcome.told is Told.REFUSED
    assert rows[0].reference in outcome.words
    assert "9165816" in outcome.words
    left = desk.look_up(rows[1].reference)
    assert left.tracking_id is None


def test_one_number_for_two_in_one_file_is_given_to_neither(desk: Desk, sealer: Sealer) -> None:
    rows = take(desk.ledger, *(make_event(sealer) for _ in range(3)))
    given = back(
        (rows[0].reference, "9165816"), (rows[1].reference, "9165816"), (rows[2].reference, "7")
    )
    first, second, third = take_back(desk, given, "NGW")
    assert (first.told, second.told, third.told) == (Told.REFUSED, Told.REFUSED, Told.ENTERED)
    assert rows[1].reference in first.words
    assert rows[0].reference in second.words


def test_two_numbers_for_one_complaint_are_both_refused(desk: Desk, sealer: Sealer) -> None:
    (row,) = take(desk.ledger, make_event(sealer))
    given = back((row.reference, "9165816"), (row.reference, "9165817"))
    assert told(list(take_back(desk, given, "NGW"))) == [Told.REFUSED, Told.REFUSED]
    assert desk.look_up(row.reference).state is State.RECEIVED


def test_the_same_row_twice_is_a_repeat(desk: Desk, sealer: Sealer) -> None:
    (row,) = take(desk.ledger, make_event(sealer))
    given = back((row.reference, "9165816"), (row.reference, "9165816"))
    assert told(list(take_back(desk, given, "NGW"))) == [Told.ENTERED, Told.REPEATED]


def test_rows_that_are_not_believed_say_why(desk: Desk, sealer: Sealer) -> None:
    ledger = desk.ledger
    rows = take(ledger, *(make_event(sealer) for _ in range(4)))
    desk.done(rows[0], "9165816")
    for row, after in ((rows[1], State.UNKNOWN), (rows[2], None)):
        claimed = ledger.claim(row, WORKER, NOON, NOON + timedelta(minutes=2), "v3")
        assert claimed is not None
        if after is not None:
            ledger.move(claimed, after, WORKER, "no_answer", NOON)
    desk.exclude(rows[3], "salam")
    given = [
        BackRow(2, rows[0].reference, "9165999"),
        BackRow(3, rows[1].reference, "9165817"),
        BackRow(4, rows[2].reference, "9165818"),
        BackRow(5, rows[3].reference, "9165819"),
        BackRow(6, "NGW-26-ZZZZZZZZ", "9165820"),
        BackRow(7, "Sri Rejeki Contoh", "9165821"),
        BackRow(8, "", "9165822"),
        BackRow(9, rows[1].reference, "x", "ada rumus"),
    ]
    outcomes = list(take_back(desk, given, "NGW"))
    assert set(told(outcomes)) == {Told.REFUSED}
    expected = (
        "tracking id lain, 9165816", "gateway entry found", "sedang dikirim worker", "resend",
        "tidak ada pengaduan", "bukan nomor", "kosong", "ada rumus",
    )  # fmt: skip
    for outcome, words in zip(outcomes, expected, strict=True):
        assert words in outcome.words
        assert "Sri Rejeki" not in str(outcome)


def test_a_number_for_one_given_back_too_early_still_enters_it(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    """LAPOR has it: nobody may send it a second time."""
    (row,) = take(exports.desk.ledger, make_event(sealer))
    assert exports.make(tmp_path, "xlsx", 1)
    exports.desk.release(exports.desk.look_up(row.reference))
    (outcome,) = take_back(exports.desk, back((row.reference, "9165816")), "NGW")
    assert outcome.told is Told.ENTERED


def test_a_number_that_another_is_linked_to_is_taken_with_a_warning(
    desk: Desk, sealer: Sealer
) -> None:
    """1708 forwards what was typed in a minute ago: both are right, and a person should look."""
    ledger = desk.ledger
    rows = take(ledger, make_event(sealer), make_event(sealer))
    ledger.move(
        rows[0], State.LINKED, WORKER, "already_in_lapor", NOON, linked_tracking_id="9165816"
    )
    (outcome,) = take_back(desk, back((rows[1].reference, "9165816")), "NGW")
    assert outcome.told is Told.ENTERED
    assert rows[0].reference in outcome.words
    entered = desk.look_up(rows[1].reference)
    assert rows[0].reference in (desk.linked_as_well(entered) or "")
    alone = take(ledger, make_event(sealer))
    assert desk.linked_as_well(alone[0]) is None


def test_release_gives_back_and_a_later_file_takes_it(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    (row,) = take(exports.desk.ledger, make_event(sealer))
    first = exports.make(tmp_path, "xlsx", 1)
    assert first is not None
    for one in exports.files.open_rows(first.made.file_id):
        exports.desk.release(one, "tidak jadi diunggah")
    assert exports.files.open_rows(first.made.file_id) == []
    second = exports.make(tmp_path, "xlsx", 1)
    assert second is not None
    assert exports.files.open_rows(first.made.file_id) == []
    assert [one.reference for one in exports.files.open_rows(second.made.file_id)] == [
        row.reference
    ]
    with pytest.raises(NotAllowed):
        exports.desk.release(row)


HOSTILE = ("=HYPERLINK(1)", "+62", "-1+2", "@SUM(A1)", "\tx", "\r=1", "  =1+1", "#N/A", "0012")


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_nothing_in_a_file_is_computed(
    exports: Exports, sealer: Sealer, tmp_path: Path, form: Format
) -> None:
    events = [
        make_event(sealer).model_copy(update={"title": title, "text": f"{title} dan \x00\x0b ini"})
        for title in HOSTILE
    ]
    take(exports.desk.ledger, *events)
    written = exports.make(tmp_path, form, 100)
    assert written is not None
    for row in cells(written.path):
        for cell in row:
            assert not cell.startswith(FORMULA_STARTS)
    if form == "xlsx":
        kinds = {
            cell.data_type
            for row in load_workbook(written.path).worksheets[0].iter_rows()
            for cell in row
            if cell.value is not None
        }
        assert kinds == {"s"}


@given(st.text())
def test_no_cell_starts_a_formula_and_words_stay(text: str) -> None:
    cell = plain_cell(text)
    assert not cell.lstrip(" ").startswith(FORMULA_STARTS)
    assert cell.removeprefix("'") in (text, *[plain_cell(text).removeprefix("'")])


def sheet(tmp_path: Path, *rows: Sequence[object]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    path = tmp_path / "kembali.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Nomor Pengaduan", "Tracking ID"),
        (" NOMOR  pengaduan ", "TRACKING-ID"),
        ("No. Aduan", "No. LAPOR!"),
        ("nomor\npengaduan:", "ID Tracking LAPOR"),
        ("\ufeffReferensi", "tracking_id *"),
    ],
)
def test_headers_as_offices_write_them(tmp_path: Path, ours: str, theirs: str) -> None:
    path = sheet(
        tmp_path,
        ("Pemerintah Kabupaten Ngawi",),
        (),
        ("No", ours, "Judul", theirs),
        (1, " NGW-26-7K3M9QXA ", "x", 9165816),
        (2, "NGW-26-7K3M9QXB", "x", 9165817.0),
        (3, "NGW-26-7K3M9QXC", "x", "#9165818\xa0"),
        (4, "NGW-26-7K3M9QXD", "x", "'9165819"),
        (5, "NGW-26-7K3M9QXE", "x", None),
        (),
        (6, "NGW-26-7K3M9QXF", "x", "=A1"),
        (7, "NGW-26-7K3M9QXG", "x", "9.165.816"),
        (8, "NGW-26-7K3M9QXH", "x", 9165816.5),
    )
    rows = read_back(path)
    assert [row.tracking_id for row in rows[:5]] == ["9165816", "9165817", "9165818", "9165819", ""]
    assert [bool(row.problem) for row in rows] == [False] * 5 + [True] * 3
    assert [row.line for row in rows] == [4, 5, 6, 7, 8, 10, 11, 12]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_of_every_program(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "kembali.csv"
    text = delimiter.join(("Tracking ID", "Isi", "Nomor Pengaduan")) + "\r\n"
    text += delimiter.join(("9165816", '"é, dua; baris\r\nkedua"', "NGW-26-7K3M9QXA")) + "\r\n"
    path.write_bytes(text.encode(encoding))
    (row,) = read_back(path)
    assert (row.reference, row.tracking_id, row.problem) == ("NGW-26-7K3M9QXA", "9165816", None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "tidak ada kolom"),
        (b"Nomor Pengaduan,Isi\nNGW-26-7K3M9QXA,x\n", "tidak ada kolom"),
        (b"Nomor Pengaduan,Tracking ID,No LAPOR\na,1,2\n", "dua kolom"),
        (b"PK\x03\x04 not a zip", "XLSX rusak"),
        (b"\x00\x01\x02", "bukan CSV"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "kembali"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read_back(path)
    with pytest.raises(UnreadableFile, match="tidak dapat dibuka"):
        read_back(tmp_path / "none")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    for head in (b"", b"Nomor Pengaduan,Tracking ID\n", b"PK\x03\x04"):
        path.write_bytes(head + data)
        try:
            read_back(path)
        except UnreadableFile:
            continue


def test_a_day_of_exports_and_imports_in_any_order_enters_each_once(
    exports: Exports, sealer: Sealer, tmp_path: Path
) -> None:
    chance = random.Random(20260302)
    desk = exports.desk
    take(desk.ledger, *(make_event(sealer) for _ in range(24)))
    numbers: dict[str, str] = {}
    files: list[Path] = []
    for _ in range(40):
        action = chance.randrange(3)
        if action == 0 and (made := exports.make(tmp_path, "xlsx", chance.randint(1, 6))):
            files.append(made.path)
            for row in made.rows:
                numbers.setdefault(row.reference, str(9_200_000 + len(numbers)))
        elif action == 1 and files:
            part = {key: value for key, value in numbers.items() if chance.random() < 0.6}
            outcomes = imported(desk, written_back(chance.choice(files), part))
            assert Told.REFUSED not in told(outcomes)
        elif files:
            opened = exports.files.open_rows(UUID(chance.choice(files).stem))
            for row in opened[:1]:
                desk.release(row)
    while (last := exports.make(tmp_path, "xlsx", 50)) is not None:
        files.append(last.path)
        for row in last.rows:
            numbers.setdefault(row.reference, str(9_200_000 + len(numbers)))
    for path in files:
        imported(desk, written_back(path, numbers))
    rows = desk.ledger.queries.listed()
    assert {row.state for row in rows} == {State.ENTERED}
    assert {row.reference: row.tracking_id for row in rows} == numbers
    assert sum(waiting for _, waiting in BulkFiles(desk.ledger).listed()) == 0


def test_header_names_are_read_back_as_they_are_written() -> None:
    assert (REFERENCE_HEADER, TRACKING_HEADER) == ("Nomor Pengaduan", "Tracking ID")
