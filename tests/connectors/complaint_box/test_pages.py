"""The pages: who gets in, what is kept, what comes back, what is never lost."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from connectors.complaint_box.settings import ComplaintBoxSettings
from gateway.errors import NotKept, OutcomeUnknown
from normalizer.event import Channel, ReporterStatus
from tests.connectors.complaint_box.clerk_site import PASSWORD, SLIP, ClerkSite, clerk_site

NASTY = "\"><script>alert('x')</script> & {{ 7*7 }} </textarea>"


async def test_strangers_see_the_login_page_only(site: ClerkSite) -> None:
    for path in ("/", "/tersimpan?number=NGW-26-7K3M9QXA"):
        response = await site.get(path)
        assert (response.status, response.headers["Location"]) == (303, "/petugas/masuk")
    assert (await site.get("/tempat?q=babadan")).status == 403
    assert (await site.get("")).headers["Location"] == "/petugas/"


async def test_a_login_gives_a_cookie_that_scripts_cannot_read(site: ClerkSite) -> None:
    response = await site.log_in()
    assert (response.status, response.headers["Location"]) == (303, "/petugas/")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert (await site.get("/")).status == 200
    assert (await site.get("/masuk")).status == 303


@pytest.mark.parametrize("path", ["/masuk", "/", "/nirwana"])
async def test_every_page_has_its_headers(clerk: ClerkSite, path: str) -> None:
    headers = (await clerk.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


async def test_pages_hold_no_script_and_no_style_of_their_own(clerk: ClerkSite) -> None:
    for path in ("/", "/tersimpan?number=NGW-26-7K3M9QXA"):
        page = await (await clerk.get(path)).text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
        assert "//" not in re.sub(r'action="[^"]*"', "", page).replace("<!doctype", "")
    for name in re.findall(r"/petugas/berkas/[a-z.]+", page):
        assert (await clerk.client.get(name)).status == 200


async def test_wrong_password_unknown_name_and_waiting(site: ClerkSite) -> None:
    said = set()
    for login in ("sri", "nobody", "nobody", "nobody", "nobody", "nobody"):
        response = await site.post("/masuk", {"login": login, "password": "salah salah salah"})
        assert response.status == 403
        said |= set(re.findall(r'id="login-problem">([^<]*)', await response.text()))
    assert said == {"Nama pengguna atau kata sandi salah."}
    response = await site.post("/masuk", {"login": "nobody", "password": PASSWORD})
    assert (response.status, response.headers["Retry-After"]) == (429, "60")
    assert "Coba lagi dalam 1 menit." in await response.text()


async def test_a_login_from_a_foreign_page_is_refused(site: ClerkSite) -> None:
    data = {"login": "sri", "password": PASSWORD}
    response = await site.post("/masuk", data, {"Sec-Fetch-Site": "cross-site"})
    assert response.status == 403
    assert "Set-Cookie" not in response.headers


async def test_an_operator_without_the_role_is_told_so(site: ClerkSite) -> None:
    await site.log_in("budi")
    assert (await site.get("/")).status == 403
    assert (await site.post("/", SLIP)).status == 403
    assert site.door.items == []


async def test_log_out_ends_the_session(clerk: ClerkSite) -> None:
    token = await clerk.csrf()
    assert (await clerk.post("/keluar", {})).status == 403
    assert (await clerk.get("/")).status == 200
    response = await clerk.post("/keluar", {"csrf": token})
    assert response.headers["Location"] == "/petugas/masuk?keluar=1"
    assert response.headers["Clear-Site-Data"] == '"storage"'
    assert (await clerk.get("/")).status == 303


async def test_a_slip_becomes_a_draft(clerk: ClerkSite) -> None:
    response = await clerk.save(then="next")
    assert response.status == 303
    (draft,) = clerk.door.drafts
    assert draft.channel is Channel.COMPLAINT_BOX
    assert (draft.account, draft.batch) == ("kotak-paron", "kotak-paron/2026-11-08")
    assert draft.text_raw == SLIP["text"]
    assert draft.place_code == "35.21.10.2002"
    assert draft.landmark == "depan balai desa"
    assert draft.received_at == datetime(2026, 11, 8, 5, tzinfo=UTC)
    assert draft.captured_at == clerk.clock.at
    assert draft.sender.name == "Sri Contoh"
    assert draft.reporter_status is ReporterStatus.KNOWN
    assert draft.hide_identity
    assert not draft.hide_content
    assert draft.entered_by == clerk.people.list_users()[1].user_id
    raw = json.loads(draft.raw)
    assert raw["phone"] == SLIP["phone"]
    assert "csrf" not in raw
    assert "draft_id" not in raw


async def test_the_next_form_has_the_number_the_batch_and_nothing_else(clerk: ClerkSite) -> None:
    first = await clerk.save(then="next")
    page = await (await clerk.client.get(first.headers["Location"])).text()
    assert "Tercatat. Nomor pengaduan:" in page
    assert "NGW-26-7K3M9QXA" in page
    assert 'value="complaint_box" id="source" checked' in page
    assert '<option value="kotak-paron" selected>' in page
    assert 'value="8/11/2026"' not in page
    assert 'value="08/11/2026"' in page
    for gone in ("Lampu jalan", "Sri Contoh", "0812", SLIP["draft_id"], "Babadan, Kec. Paron</"):
        assert gone not in page.replace("misalnya", "")
    assert "Sri" not in first.headers["Location"]
    assert "Lampu" not in first.headers["Location"]


async def test_saving_without_the_next_slip_shows_the_number_alone(clerk: ClerkSite) -> None:
    response = await clerk.save(then="stay")
    assert response.headers["Location"].startswith("/petugas/tersimpan?")
    page = await (await clerk.client.get(response.headers["Location"])).text()
    assert '<p class="receipt-number">NGW-26-7K3M9QXA</p>' in page
    assert "Sekretariat &lt;Pengaduan&gt;" in page


async def test_a_slip_kept_aside_is_not_said_to_have_a_number(clerk: ClerkSite) -> None:
    clerk.door.reference = None
    response = await clerk.save(then="next")
    page = await (await clerk.client.get(response.headers["Location"])).text()
    assert "menunggu pemeriksaan operator" in page
    assert "Nomor pengaduan:" not in page


async def test_a_link_cannot_put_words_into_the_receipt(clerk: ClerkSite) -> None:
    for path in ("/?number=<b>x</b>", "/?number=SUDAH-SELESAI", "/tersimpan?number=x"):
        page = await (await clerk.get(path)).text()
        assert "Tercatat. Nomor" not in page
        assert "SUDAH" not in page
        assert "<b>x" not in page


async def test_the_same_form_twice_is_one_complaint(clerk: ClerkSite) -> None:
    await clerk.save()
    clerk.clock.forward(minutes=3)
    await clerk.save()
    one, two = clerk.door.drafts
    assert one.source_id == two.source_id
    assert one.raw == two.raw


async def test_a_correction_after_a_doubtful_save_is_not_swallowed(clerk: ClerkSite) -> None:
    await clerk.save()
    await clerk.save(text="Lampu jalan depan balai desa mati sejak Senin.")
    await clerk.save(draft_id="8a3f4a9e-0f39-4a57-8c37-35f2b1d7c1aa")
    assert len({draft.source_id for draft in clerk.door.drafts}) == 3


@pytest.mark.parametrize("fault", [NotKept("x"), OutcomeUnknown("x"), RuntimeError("x")])
async def test_what_is_not_kept_is_not_lost(clerk: ClerkSite, fault: Exception) -> None:
    clerk.door.fault = fault
    response = await clerk.save()
    page = unescape(await response.text())
    assert response.status == 503
    assert "Belum tersimpan. Isian Anda masih ada" in page
    assert "Tercatat" not in page
    for value in SLIP.values():
        assert value in page
    clerk.door.fault = None
    assert (await clerk.save()).status == 303


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": ""}, "Isi aduan kosong."),
        ({"source": ""}, "Pilih sumber aduan."),
        ({"box": ""}, "Pilih kotak tempat slip ini ditemukan."),
        ({"box": "kotak-lain"}, "Kotak ini tidak ada dalam daftar."),
        ({"received_on": ""}, "Isi tanggal diterima."),
        ({"received_on": "31/12/2026"}, "Tanggal ini belum terjadi. Periksa lagi."),
        ({"nik": "12"}, "NIK berisi 16 angka. Kosongkan bila tidak terbaca."),
        ({"place_text": "Surabaya"}, "Tempat ini tidak ada dalam daftar desa."),
        ({"place_unstated": "1"}, "Kosongkan tempat, atau hapus centang"),
    ],
)
async def test_faults_are_told_and_the_form_comes_back_full(
    clerk: ClerkSite, changed: dict[str, str], sentence: str
) -> None:
    response = await clerk.save(**changed)
    page = unescape(await response.text())
    assert response.status == 422
    assert "Belum tersimpan: 1 isian perlu diperbaiki" in page
    # Once in the summary, linked to its field, and once beside the field.
    (name,) = re.findall(rf'<a href="#([a-z_]+)">{re.escape(sentence)}', page)
    assert f'id="{name}-problem"' in page
    assert re.search(rf'id="{name}"[^>]*', page)
    for field, value in SLIP.items():
        if field not in changed and field not in ("place_code", "box", "source"):
            assert value in page
    assert clerk.door.items == []


async def test_an_ambiguous_place_is_asked_and_the_answer_taken(clerk: ClerkSite) -> None:
    response = await clerk.save(place_text="Babadan")
    page = await response.text()
    assert response.status == 422
    offered = re.findall(r'name="place_choice" value="([0-9.]+)"><span>([^<]+)', page)
    assert ("35.21.10.2002", "Desa Babadan, Kec. Paron") in offered
    assert len(offered) == 3
    # The answer stays when something else is still wrong.
    chosen = {"place_text": "Babadan", "place_choice": offered[0][0]}
    page = await (await clerk.save(**chosen, nik="1")).text()
    assert f'value="{offered[0][1]}"' in page
    await clerk.save(**chosen)
    assert clerk.door.drafts[0].place_code == offered[0][0]


async def test_a_misspelt_place_is_answered_with_proposals(clerk: ClerkSite) -> None:
    page = await (await clerk.save(place_text="Desa Babatan, Kec. Paron")).text()
    assert "Desa Babadan, Kec. Paron</span>" in page


async def test_a_code_that_does_not_fit_the_text_is_not_believed(clerk: ClerkSite) -> None:
    await clerk.save(place_text="Kec. Sine", place_code="35.21.10.2002")
    assert clerk.door.drafts[0].place_code == "35.21.01"


async def test_places_complete(clerk: ClerkSite) -> None:
    places = await (await clerk.get("/tempat?q=babad")).json()
    assert {"code": "35.21.10.2002", "name": "Desa Babadan, Kec. Paron"} in places
    assert await (await clerk.get("/tempat?q=")).json() == []
    assert (await clerk.get("/tempat?q=" + "a" * 4000)).status == 200


async def test_what_people_typed_is_never_markup(clerk: ClerkSite) -> None:
    fields = ("text", "place_text", "landmark", "name", "phone", "address", "received_on", "box")
    page = await (await clerk.save(**dict.fromkeys(fields, NASTY))).text()
    assert "<script>alert" not in page
    assert "49" not in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[0]
    assert page.count(NASTY.replace("&", "&amp;")) == 0
    assert unescape(page).count("<script>alert('x')</script>") >= len(fields) - 1


async def test_a_foreign_page_cannot_save(clerk: ClerkSite) -> None:
    token = await clerk.csrf()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        response = await clerk.post("/", {**SLIP, "csrf": token}, headers)
        assert response.status == 403
        assert "Lampu jalan" not in await response.text()
    assert clerk.door.items == []


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_without_the_sessions_token_nothing_is_saved_or_lost(
    clerk: ClerkSite, token: str | None
) -> None:
    sent = {**SLIP} if token is None else {**SLIP, "csrf": token}
    response = await clerk.post("/", sent)
    page = await response.text()
    assert response.status == 403
    assert clerk.door.items == []
    assert SLIP["text"] in page
    assert SLIP["draft_id"] in page


async def test_a_session_that_ends_while_typing_loses_nothing(clerk: ClerkSite) -> None:
    token = await clerk.csrf()
    clerk.clock.forward(hours=2)
    response = await clerk.post("/", {**SLIP, "csrf": token})
    page = await response.text()
    assert response.status == 403
    assert "Sesi Anda berakhir" in page
    assert clerk.door.items == []
    kept = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }
    assert kept == {name: value for name, value in SLIP.items() if value}
    # A wrong password first: still nothing is lost.
    again = await clerk.post("/masuk", kept | {"login": "sri", "password": "salah salah salah"})
    assert SLIP["text"] in await again.text()
    response = await clerk.post("/masuk", kept | {"login": "sri", "password": PASSWORD})
    page = unescape(await response.text())
    assert response.status == 200
    assert "Anda sudah masuk lagi" in page
    for value in kept.values():
        assert value in page
    assert clerk.door.items == []
    assert (await clerk.save()).status == 303


async def test_too_much_is_answered_with_a_page(clerk: ClerkSite) -> None:
    clerk.clock.forward(hours=13)
    stranger = await clerk.post("/", {**SLIP, "text": "a" * 70_000})
    assert stranger.status == 413
    assert "Terlalu besar" in await stranger.text()
    await clerk.log_in()
    clerks = await clerk.save(text="a" * 70_000)
    assert clerks.status == 422
    assert "lebih panjang dari" in await clerks.text()


async def test_without_boxes_in_the_settings_the_office_is_the_account(tmp_path: Path) -> None:
    async with clerk_site(tmp_path, ComplaintBoxSettings(enabled=True)) as site:
        await site.log_in()
        assert 'name="box"' not in await (await site.get("/")).text()
        assert (await site.save(box="")).status == 303
        (draft,) = site.door.drafts
        assert (draft.account, draft.batch) == ("kantor", None)


async def test_a_letter_forgets_the_box(clerk: ClerkSite) -> None:
    assert (await clerk.save(source="letter")).status == 303
    (draft,) = clerk.door.drafts
    assert (draft.channel, draft.account, draft.batch) == (Channel.LETTER, "kantor", None)


async def test_nothing_of_a_person_is_logged(
    clerk: ClerkSite, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await clerk.save()
        await clerk.save(nik="1")
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    for secret in ("Sri Contoh", "0812", "Lampu jalan", "'sri'", PASSWORD):
        assert secret not in logged
    assert "slip.saved" in logged
