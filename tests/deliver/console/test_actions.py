"""The forms: once, by the right person, from the right state, with a note; else nothing."""

import asyncio
import re
from uuid import uuid4

import pytest

from deliver.console.act import ACTIONS
from deliver.states import Actor, State, Who
from tests.deliver.console.bench import Browser, House, browsing


def person(house: House, login: str) -> str:
    return next(one.user_id for one in house.people.list_users() if one.login == login)


async def test_an_unknown_one_that_is_there(operator: Browser, house: House) -> None:
    row = await house.stands(State.UNKNOWN)
    answer = await operator.act(row, "ditemukan", nomor=" #9165816 ", catatan="dicek di LAPOR!")
    assert answer.status == 303
    now = house.now(row)
    assert (now.state, now.tracking_id) == (State.ENTERED, "9165816")
    last = house.ledger.queries.history(row.complaint_id)[-1]
    assert (last.reason, last.note) == ("found_in_lapor", "dicek di LAPOR!")
    assert last.actor == person(house, "operator")
    page = await operator.text(answer.headers["Location"].removeprefix("/konsol"))
    assert "Nomor LAPOR! tersimpan." in page
    # The page names the login; the ledger holds the id alone.
    assert '<td data-label="Oleh">operator</td>' in page


async def test_an_unknown_one_that_is_not_there_is_asked_twice(
    operator: Browser, house: House
) -> None:
    row = await house.stands(State.UNKNOWN)
    asked = await operator.act(row, "kirim-ulang", catatan="tidak ada", ke="belum-pasti")
    assert asked.status == 200
    page = await asked.text()
    assert f"Yakin {row.reference} tidak ada" in page
    assert 'name="catatan" value="tidak ada"' in page
    assert house.now(row).state is State.UNKNOWN
    sure = await operator.act(row, "kirim-ulang", catatan="tidak ada", ke="belum-pasti", yakin="ya")
    assert sure.status == 303
    assert sure.headers["Location"].startswith("/konsol/belum-pasti?sudah=kirim-ulang")
    assert house.now(row).state is State.RECEIVED
    assert "Kembali ke antrean" in await operator.text(
        sure.headers["Location"].removeprefix("/konsol")
    )


@pytest.mark.parametrize("state", [State.RECEIVED, State.HELD, State.PARKED, State.UNKNOWN])
async def test_excluding_needs_a_reason(operator: Browser, house: House, state: State) -> None:
    row = await house.stands(state)
    refused = await operator.act(row, "kecualikan", catatan="   ")
    assert refused.status == 422
    assert "Alasan wajib diisi." in await refused.text()
    assert house.now(row) == row
    assert (await operator.act(row, "kecualikan", catatan="iklan")).status == 303
    assert house.now(row).state is State.EXCLUDED


@pytest.mark.parametrize("action", sorted(ACTIONS))
@pytest.mark.parametrize("state", list(State))
async def test_every_form_that_a_page_offers_works_and_no_other(
    house: House, action: str, state: State
) -> None:
    async with browsing(house.app(mode="assisted")) as operator:
        await operator.log_in("operator")
        row = await house.stands(state)
        page = await operator.text(f"/aduan/{row.complaint_id}")
        offered = f'/{action}"' in page
        answer = await operator.act(row, action, catatan="c", nomor="5", yakin="ya")
        assert (answer.status == 303) is offered
        if not offered:
            assert answer.status == 409
            assert house.now(row) == row


async def test_somebody_else_was_quicker(operator: Browser, house: House) -> None:
    row = await house.stands(State.PARKED)
    house.ledger.move(row, State.RECEIVED, Actor(Who.OPERATOR, "u-2"), "sent_again", house.clock())
    answer = await operator.act(row, "kecualikan", catatan="iklan")
    page = await answer.text()
    assert answer.status == 409
    assert "berubah sejak halaman Anda dibuka" in page
    assert "Keadaan sekarang: <strong>menunggu</strong>" in page
    assert house.now(row).state is State.RECEIVED
    assert "excluded" not in house.reasons(row)


async def test_a_double_click_is_one_act_and_told_as_done(operator: Browser, house: House) -> None:
    row = await house.stands(State.PARKED)
    csrf = await operator.csrf()
    fields = {"versi": str(row.version), "csrf": csrf, "catatan": "sudah diperbaiki"}
    path = f"/aduan/{row.complaint_id}/kirim-ulang"
    answers = await asyncio.gather(*(operator.post(path, fields) for _ in range(5)))
    assert {answer.status for answer in answers} == {303}
    assert {answer.headers["Location"] for answer in answers} == {
        f"/konsol/aduan/{row.complaint_id}?sudah=kirim-ulang"
    }
    assert house.reasons(row).count("sent_again") == 1


async def test_the_same_click_with_other_words_is_no_repeat(
    operator: Browser, house: House
) -> None:
    row = await house.stands(State.PARKED)
    assert (await operator.act(row, "ditemukan", nomor="71", catatan="ada")).status == 303
    again = await operator.act(row, "ditemukan", nomor="72", catatan="ada")
    assert again.status == 409
    assert house.now(row).tracking_id == "71"


async def test_a_tracking_id_belongs_to_one_complaint(operator: Browser, house: House) -> None:
    taken = await house.stands(State.ENTERED)
    assert taken.tracking_id is not None
    row = await house.stands(State.UNKNOWN)
    answer = await operator.act(row, "ditemukan", nomor=taken.tracking_id, catatan="ada")
    assert answer.status == 409
    page = await answer.text()
    assert f"sudah dipakai pengaduan {taken.reference}" in page
    assert "Satu nomor hanya untuk satu pengaduan." in page
    assert house.now(row) == row


async def test_a_number_that_is_none(operator: Browser, house: House) -> None:
    row = await house.stands(State.UNKNOWN)
    answer = await operator.act(row, "ditemukan", nomor="NGW-26", catatan="ada")
    assert answer.status == 409
    assert "hanya berisi angka" in await answer.text()
    missing = await operator.act(row, "ditemukan", catatan="ada")
    assert missing.status == 422
    assert house.now(row) == row


async def test_notes_keep_no_numbers_of_people(operator: Browser, house: House) -> None:
    row = await house.stands(State.PARKED)
    await operator.act(row, "kirim-ulang", catatan="telepon 0812-0000-9123 dulu")
    note = house.ledger.queries.history(row.complaint_id)[-1].note
    assert note is not None
    assert "9123" not in note


async def test_entry_by_hand_from_the_queue_to_the_number(typist: Browser, house: House) -> None:
    first, second = await house.receive(), await house.receive()
    taken = await typist.post("/entri/ambil", {"csrf": await typist.csrf()})
    assert taken.headers["Location"] == f"/konsol/entri/{first.complaint_id}"
    sheet = await typist.text(f"/entri/{first.complaint_id}")
    labels = re.findall(r'<label for="salin-\d+">([^<]+)', sheet)
    assert labels == [
        "Judul", "Isi", "Tanggal Kejadian", "Lokasi Kejadian", "Klasifikasi", "Kategori",
        "Anonim", "Rahasia",
    ]  # fmt: skip
    assert f"[{first.reference}]" in sheet
    row = house.now(first)
    done = await typist.act(row, "selesai", nomor="9165900", ke="entri")
    assert done.status == 303
    assert house.now(first).tracking_id == "9165900"
    page = await typist.text(done.headers["Location"].removeprefix("/konsol"))
    assert "sudah di LAPOR!" in page
    assert "Menunggu dimasukkan: 1" in page
    await typist.post("/entri/ambil", {"csrf": await typist.csrf()})
    again = await typist.act(house.now(second), "selesai", nomor="9165900", ke="entri")
    assert again.status == 409
    assert f"sudah dipakai pengaduan {first.reference}" in await again.text()
    assert house.now(second).state is State.SENDING


async def test_a_double_click_takes_one_in_hand(typist: Browser, house: House) -> None:
    for _ in range(3):
        await house.receive()
    fields = {"csrf": await typist.csrf()}
    answers = await asyncio.gather(*(typist.post("/entri/ambil", fields) for _ in range(4)))
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert house.ledger.queries.counts()[State.SENDING] == 1


async def test_two_operators_get_two_different_ones(house: House) -> None:
    for _ in range(2):
        await house.receive()
    # Two processes: what one holds the other cannot see, but for the ledger.
    apps = house.app(mode="assisted"), house.app(mode="assisted")
    async with browsing(apps[0]) as one, browsing(apps[1]) as other:
        await one.log_in("operator")
        await other.log_in("operator-dua")
        got = [
            (await browser.post("/entri/ambil", {"csrf": await browser.csrf()})).headers["Location"]
            for browser in (one, other)
        ]
    assert len(set(got)) == 2


async def test_given_back_and_nothing_waits(typist: Browser, house: House) -> None:
    row = await house.receive()
    await typist.act(row, "ambil")
    held = house.now(row)
    assert held.claimed_by == person(house, "operator")
    assert (await typist.act(held, "lepas", ke="entri")).status == 422
    assert (await typist.act(held, "lepas", catatan="istirahat", ke="entri")).status == 303
    assert house.now(row).state is State.RECEIVED
    await typist.act(house.now(row), "kecualikan", catatan="uji")
    empty = await typist.post("/entri/ambil", {"csrf": await typist.csrf()})
    assert empty.headers["Location"] == "/konsol/entri?kosong=1"
    assert "Tidak ada aduan yang menunggu." in await typist.text("/entri?kosong=1")


async def test_where_the_program_enters_nobody_takes_anything(
    operator: Browser, house: House
) -> None:
    row = await house.receive()
    page = await operator.text("/entri")
    assert "bukan dengan tangan" in page
    assert "Ambil berikutnya" not in page
    await operator.post("/entri/ambil", {"csrf": await operator.csrf()})
    assert house.now(row) == row
    assert 'ambil"' not in await operator.text(f"/aduan/{row.complaint_id}")


async def test_what_the_worker_has_in_hand_has_no_sheet(operator: Browser, house: House) -> None:
    row = await house.stands(State.SENDING)
    answer = await operator.get(f"/entri/{row.complaint_id}")
    assert answer.headers["Location"] == f"/konsol/aduan/{row.complaint_id}"
    released = await operator.act(row, "lepas", catatan="c")
    assert released.status == 409
    assert house.now(row).state is State.SENDING


async def test_unknown_ones_come_one_by_one(operator: Browser, house: House) -> None:
    rows = sorted(
        [await house.stands(State.UNKNOWN) for _ in range(2)],
        key=lambda row: (row.received_at, str(row.complaint_id)),
    )
    page = await operator.text("/belum-pasti")
    assert rows[0].reference in page
    assert rows[1].reference not in page
    onward = re.search(r'href="/konsol(/belum-pasti\?sesudah=[^"]*)"', page)
    assert onward is not None
    page = await operator.text(onward[1])
    assert rows[1].reference in page
    assert "Lewati" not in page


async def test_what_is_not_there(operator: Browser, house: House) -> None:
    row = await house.receive()
    for path in (f"/aduan/{uuid4()}", "/aduan/satu", "/nirwana", f"/entri/{uuid4()}"):
        assert (await operator.get(path)).status == 404
    assert (await operator.act(row, "hapus", catatan="x")).status == 404
    assert (await operator.get("/entri/ambil")).status in (404, 405)
