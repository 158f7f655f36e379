"""Tables from offices: what is read, what is refused and why, and the same ids the next time."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from rich.console import Console

from connectors.complaint_box import importer
from connectors.complaint_box.importer import exit_code, import_rows, print_report, write_rejected
from connectors.complaint_box.rows import ImportContext, Readied, Refused, read_rows
from connectors.complaint_box.table import Table, UnreadableTable, read_table
from gateway.errors import NotKept
from gateway.log.factory import make_log
from gateway.sealing import new_key_pair, new_reporter_key
from gateway.settings import ConfigFile, TopicSettings, read_config
from normalizer.draft import Draft
from normalizer.event import Channel
from normalizer.gazetteer import load_gazetteer
from tests.connectors.complaint_box.clerk_site import SETTINGS, WIB, RecordingDoor

CONTEXT = ImportContext(
    settings=SETTINGS,
    gazetteer=load_gazetteer(),
    time_zone=WIB,
    now=datetime(2026, 11, 9, 2, 30, tzinfo=UTC),
    channel=Channel.COMPLAINT_BOX,
    batch="kotak-paron/2026-11-08",
)
HEADER = "nomor;tanggal;desa;kecamatan;isi;nama;telepon;anonim\n"
ROW = "014/KP/2026;1/11/2026;Babadan;Paron;Lampu jalan mati;Sri Contoh;0812 0000 0101;ya\n"


def table_of(directory: Path, content: str | bytes, name: str = "aduan.csv") -> Table:
    path = directory / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, max_rows=100, max_bytes=1_000_000)


def xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def drafts(table: Table, context: ImportContext = CONTEXT) -> list[Draft]:
    return [item.draft for item in read_rows(table.rows, context) if isinstance(item, Readied)]


def reasons(table: Table) -> Mapping[int, str]:
    return {
        item.row.number: item.reason
        for item in read_rows(table.rows, CONTEXT)
        if isinstance(item, Refused)
    }


def test_a_row_becomes_a_draft(tmp_path: Path) -> None:
    (draft,) = drafts(table_of(tmp_path, HEADER + ROW))
    assert draft.channel is Channel.COMPLAINT_BOX
    assert (draft.account, draft.source_id) == ("kantor", "014/KP/2026")
    assert draft.text_raw == "Lampu jalan mati"
    assert draft.place_code == "35.21.10.2002"
    assert draft.sender.address == "0812 0000 0101"
    assert draft.submitted_at == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert draft.hide_identity
    assert draft.batch == CONTEXT.batch
    assert json.loads(draft.raw)["nama"] == "Sri Contoh"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_every_programs_csv_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    content = delimiter.join(["Isi Aduan", "Nama Pelapor"]) + "\r\n"
    content += delimiter.join(['"Jalan rusak; licin, gelap\r\nsekali – café"', "Sri"]) + "\r\n"
    (draft,) = drafts(table_of(tmp_path, content.encode(encoding)))
    assert draft.text_raw == "Jalan rusak; licin, gelap\nsekali – café"
    assert draft.sender.name == "Sri"


def test_xlsx_is_read_like_csv(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [
        ["Isi", "Tanggal", "Telepon", "Anonim", None],
        ["Jembatan retak", datetime(2026, 11, 1, tzinfo=None), 81200000101, True, None],  # noqa: DTZ001
        [None, None, None, None, None],
        ["Saluran mampet", date(2026, 11, 2), "0812 0000 0102", None, None],
        ["Irigasi kering", "3/11/2026", None, "tidak", None],
    ]
    found = drafts(table_of(tmp_path, xlsx(rows), "aduan.xlsx"))
    days = [draft.submitted_at.day for draft in found if draft.submitted_at]
    assert days == [1, 2, 3]
    assert found[0].sender.address == "81200000101"
    assert [draft.hide_identity for draft in found] == [True, False, False]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1;;;;;;;", "isi kosong"),
        ("1;32/1/2026;;;a;;;", "tanggal: Tanggal tidak terbaca. Tulis seperti 9/11/2026"),
        ("1;10/11/2026;;;a;;;", "tanggal: Tanggal ini belum terjadi. Periksa lagi"),
        ("1;;;;a;;;mungkin", "anonim: tulis ya atau tidak"),
        ("1;;;;a;;tanya RT;", "telepon: Nomor telepon hanya angka, misalnya 0812 0000 0000"),
        (
            "1;;;;a;b;0812 0000 0101;ya;rusak",
            "lebih banyak sel daripada judul kolom",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(tmp_path: Path, row: str, reason: str) -> None:
    table = table_of(tmp_path, HEADER + ROW + row + "\n" + ROW.replace("014", "015"))
    assert list(reasons(table)) == [3]
    assert reasons(table)[3].startswith(reason)
    assert len(drafts(table)) == 2


def test_formulas_are_refused_and_never_computed(tmp_path: Path) -> None:
    rows = [["isi", "nomor"], ["=1+1", "A-1"], ["benar", '=HYPERLINK("x")'], ["biasa", "A-3"]]
    table = table_of(tmp_path, xlsx(rows), "x.xlsx")
    assert set(reasons(table)) == {2, 3}
    assert [draft.text_raw for draft in drafts(table)] == ["biasa"]


def test_a_nik_that_lost_its_last_digit_is_refused(tmp_path: Path) -> None:
    table = table_of(tmp_path, xlsx([["isi", "nik"], ["a", 3521010101900001]]), "x.xlsx")
    assert "15 digit" in reasons(table)[2]


def test_the_same_table_gives_the_same_ids_on_another_day(tmp_path: Path) -> None:
    content = HEADER + ROW + ";;;;Sampah menumpuk;;;\n;;;;Sampah menumpuk;;;\n7;;;;Banjir;;;\n"
    table = table_of(tmp_path, content)
    later = replace(CONTEXT, now=datetime(2026, 12, 24, 2, 0, tzinfo=UTC))
    ids = [draft.source_id for draft in drafts(table)]
    assert ids == [draft.source_id for draft in drafts(table, later)]
    assert len(set(ids)) == 4


def test_order_delimiter_and_other_columns_do_not_change_ids(tmp_path: Path) -> None:
    first = drafts(table_of(tmp_path, "isi;desa\nBanjir;Sine\nLongsor;Pitu\n"))
    second = drafts(table_of(tmp_path, "No,desa,isi,catatan\n1,Pitu,Longsor,x\n2,Sine,Banjir,y\n"))
    assert {draft.source_id for draft in first} == {draft.source_id for draft in second}


def test_running_numbers_of_two_files_are_two_complaints(tmp_path: Path) -> None:
    one = drafts(table_of(tmp_path, "nomor;isi\n1;Banjir\n"))
    two = drafts(table_of(tmp_path, "nomor;isi\n1;Longsor\n"))
    assert one[0].source_id != two[0].source_id


def test_one_number_for_two_texts_is_refused(tmp_path: Path) -> None:
    content = "nomor;isi\nA-1;Banjir\nA-1;Banjir\nA-1;Longsor\n"
    table = table_of(tmp_path, content)
    assert reasons(table) == {4: "nomor sama dengan baris 2, tetapi isinya lain"}
    assert [draft.source_id for draft in drafts(table)] == ["A-1", "A-1"]


def test_sources_and_boxes(tmp_path: Path) -> None:
    content = (
        "isi;sumber;kotak\na;Surat;\nb;Datang langsung;kotak-paron\nc;Kotak;Kotak alun-alun\n"
        "d;;kotak-paron\ne;Burung hantu;\nf;;Kotak Lain\n"
    )
    table = table_of(tmp_path, content)
    assert [(draft.channel, draft.account) for draft in drafts(table)] == [
        (Channel.LETTER, "kantor"),
        (Channel.WALK_IN, "kantor"),
        (Channel.COMPLAINT_BOX, "kotak-alun"),
        (Channel.COMPLAINT_BOX, "kotak-paron"),
    ]
    assert set(reasons(table)) == {6, 7}


@pytest.mark.parametrize(
    ("village", "kecamatan", "place", "code", "landmark"),
    [
        ("Babadan", "Paron", "", "35.21.10.2002", None),
        ("Desa Babadan", "Kec. Paron", "depan balai", "35.21.10.2002", "depan balai"),
        ("Babadan", "", "", None, "Desa Babadan"),
        ("", "Paron", "", "35.21.10", None),
        ("", "", "Babadan, Paron", "35.21.10.2002", None),
        ("", "", "pasar besar", None, "pasar besar"),
        ("Tidak Ada", "Paron", "", None, "Desa Tidak Ada, Kec. Paron"),
        ("", "", "", None, None),
    ],
)
def test_places_are_taken_only_when_certain_and_never_dropped(
    tmp_path: Path,
    village: str,
    kecamatan: str,
    place: str,
    code: str | None,
    landmark: str | None,
) -> None:
    content = f"isi;desa;kecamatan;tempat\na;{village};{kecamatan};{place}\n"
    (draft,) = drafts(table_of(tmp_path, content))
    assert (draft.place_code, draft.landmark) == (code, landmark)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "kosong"),
        (b"\n\n", "kosong"),
        (b"nama;telepon\nSri;1\n", "isi"),
        (b"isi;aduan\na;b\n", "dua kolom"),
        (b"%PDF-1.7\0\0\0", "bukan CSV"),
        (b"PK\x03\x04 not really", "XLSX rusak"),
        (b"isi\n" + b"a\n" * 101, "lebih dari 100 baris"),
        (b"isi\n" + b"a" * 1_000_001, "lebih besar"),
        (b'isi\n"' + b"a" * 200_000 + b'"\n', "CSV rusak"),
    ],
)
def test_unusable_files_are_refused_whole(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UnreadableTable, match=said):
        table_of(tmp_path, content)


def test_columns_of_one_name_are_both_kept(tmp_path: Path) -> None:
    (draft,) = drafts(table_of(tmp_path, "isi;catatan;catatan;\na;satu;dua;tiga\n"))
    assert json.loads(draft.raw) == {
        "isi": "a",
        "catatan": "satu",
        "catatan (3)": "dua",
        "kolom (4)": "tiga",
    }


async def test_the_door_takes_the_rows_in_order(tmp_path: Path) -> None:
    door = RecordingDoor()
    table = table_of(tmp_path, HEADER + ROW + "1;;;;;;;\n" + ROW.replace("014", "015"))
    outcomes = await import_rows(table, CONTEXT, door)
    assert [outcome.state for outcome in outcomes] == ["kept", "refused", "kept"]
    assert [draft.source_id for draft in door.drafts] == ["014/KP/2026", "015/KP/2026"]
    assert exit_code(outcomes) == 1
    assert exit_code(outcomes[:1]) == 0


async def test_a_closed_door_ends_the_import_and_the_next_run_finishes_it(tmp_path: Path) -> None:
    door = RecordingDoor(fault=NotKept("x"))
    table = table_of(tmp_path, HEADER + ROW + ROW.replace("014", "015"))
    outcomes = await import_rows(table, CONTEXT, door)
    assert [outcome.state for outcome in outcomes] == ["not_kept", "not_kept"]
    assert exit_code(outcomes) == 75
    door.fault = None
    assert exit_code(await import_rows(table, CONTEXT, door)) == 0


async def test_refused_rows_can_be_corrected_and_imported(tmp_path: Path) -> None:
    content = HEADER + ROW + "A-2;kemarin;;;=SUM(1);Sri Contoh;+62 812-0000-0102;ya\n"
    table = table_of(tmp_path, content)
    outcomes = await import_rows(table, CONTEXT, RecordingDoor())
    rejected = tmp_path / "ditolak.csv"
    write_rejected(rejected, table, outcomes)
    assert rejected.stat().st_mode & 0o077 == 0
    with rejected.open(encoding="utf-8-sig", newline="") as source:
        written = list(csv.reader(source, delimiter=";"))
    assert written[0][0] == "alasan ditolak"
    assert written[1][5] == "'=SUM(1)"
    corrected = rejected.read_text(encoding="utf-8-sig").replace("kemarin", "1/11/2026")
    (draft,) = drafts(table_of(tmp_path, corrected, "baik.csv"))
    assert (draft.source_id, draft.text_raw) == ("A-2", "=SUM(1)")
    assert draft.sender.address == "+62 812-0000-0102"


async def test_reports_hold_nothing_of_the_rows(tmp_path: Path) -> None:
    table = table_of(tmp_path, HEADER + ROW + "1;kemarin;;;Rahasia sekali;Budi Contoh;;\n")
    outcomes = await import_rows(table, CONTEXT, RecordingDoor())
    console = Console(file=io.StringIO(), width=120)
    print_report(console, table, outcomes)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue() + importer.as_json(table, outcomes)
    assert "NGW-26-7K3M9QXA" in said
    assert "2 baris: 1 tercatat, 0 ditahan untuk diperiksa, 1 ditolak, 0 belum masuk." in said
    for secret in ("Contoh", "0812", "Rahasia", "Lampu", "014/KP", "kemarin"):
        assert secret not in said


@pytest.fixture
def gateway_toml(tmp_path: Path) -> Path:
    new_key_pair(tmp_path / "keys/deliver.public.json", tmp_path / "keys/private")
    new_reporter_key(tmp_path / "keys/reporter.key")
    path = tmp_path / "gateway.toml"
    path.write_text('[gateway]\ndata_dir = "data"\n[log]\nkind = "sqlite"\n', encoding="utf-8")
    asyncio.run(_create_topics(read_config(path)))
    return path


async def _create_topics(config: ConfigFile) -> None:
    event_log = make_log(config)
    await event_log.open()
    await event_log.create_topics(config.load(TopicSettings).specs())
    await event_log.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = importer.main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_command_twice_on_a_real_log_gives_the_same_numbers(
    tmp_path: Path, gateway_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "aduan.csv"
    source.write_text(HEADER + ROW + "1;;;;;;;\n;;;;Banjir di Desa Sine;;;\n", encoding="utf-8")
    arguments = (str(source), "--config", str(gateway_toml), "--channel", "letter")
    first = run(capsys, *arguments, "--rejected", str(tmp_path / "ditolak.csv"))
    second = run(capsys, *arguments)
    assert first == second
    code, report = first
    assert code == 1
    rows = report["rows"]
    assert isinstance(rows, list)
    assert [row["state"] for row in rows] == ["kept", "refused", "kept"]
    assert rows[0]["reference"].startswith("NGW-26-")
    assert (tmp_path / "ditolak.csv").exists()


def test_the_command_says_what_is_wrong_with_file_or_settings(
    tmp_path: Path, gateway_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert importer.main([str(tmp_path / "none.csv"), "--config", str(gateway_toml)]) == 65
    assert "tidak dapat dibuka" in capsys.readouterr().err
    assert importer.main([str(gateway_toml), "--config", str(tmp_path / "none.toml")]) == 78
