"""Operators and a custodian with a real browser: a day's tasks, by keyboard, without scripts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from deliver.database import migrate, open_engine
from deliver.ledger import Ledger
from deliver.states import State
from gateway.log.sqlite import SqliteLog
from gateway.sealing import load_opener, load_sealer, new_key_pair
from tests.deliver.console.bench import PASSWORD, PREFIX, TOPICS, WIB, House, make_house
from tests.deliver.making import IDENTITY, NAME, make_event

pytestmark = pytest.mark.browser


@dataclass
class Office:
    """The console on a port, and everything behind it."""

    url: str
    house: House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    new_key_pair(tmp_path / "public.json", tmp_path / "private")
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    ledger = Ledger(engine, WIB)
    log = SqliteLog(tmp_path / "log.db")
    await log.open()
    await log.create_topics(TOPICS.specs())
    sealer, opener = load_sealer(tmp_path / "public.json"), load_opener(tmp_path / "private")
    yield make_house(tmp_path, ledger, log, sealer, opener)
    await log.close()
    ledger.close()


@pytest.fixture
async def office(house: House) -> AsyncIterator[Office]:
    """Where people enter the complaints."""
    runner = web.AppRunner(house.app(mode="assisted"), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Office(f"http://127.0.0.1:{runner.addresses[0][1]}{PREFIX}", house)
    await runner.cleanup()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A visitor's page; a script's fault or a broken policy fails the test."""
    visitor = await browser.new_context(locale="id-ID", viewport={"width": 1280, "height": 900})
    visitor.set_default_timeout(15_000)
    opened = await visitor.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield opened
    await visitor.close()
    assert faults == []


@pytest.fixture
async def plain(browser: Browser) -> AsyncIterator[Page]:
    """A visitor whose browser runs no scripts."""
    visitor = await browser.new_context(java_script_enabled=False)
    visitor.set_default_timeout(15_000)
    yield await visitor.new_page()
    await visitor.close()


async def log_in(page: Page, office: Office, login: str = "operator") -> None:
    await page.goto(office.url)
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Beranda")


async def tab_to(page: Page, selector: str) -> None:
    """By the Tab key alone; fails when it is never reached."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    pytest.fail(f"{selector} cannot be reached by keyboard")


async def test_an_unknown_outcome_is_settled_by_keyboard_alone(page: Page, office: Office) -> None:
    there = await office.house.stands(State.UNKNOWN)
    await log_in(page, office)
    await tab_to(page, "nav a[href$='/belum-pasti']")
    await page.keyboard.press("Enter")
    await expect(page.locator("#referensi")).to_have_value(there.reference)
    await tab_to(page, "#ditemukan-nomor")
    await page.keyboard.type("9165816")
    await page.keyboard.press("Tab")
    await page.keyboard.type("ditemukan lewat pencarian")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Nomor LAPOR! tersimpan.")
    assert office.house.now(there).tracking_id == "9165816"
    await expect(page.get_by_text("Tidak ada yang belum pasti.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_sending_again_is_confirmed(
    page: Page, plain: Page, office: Office, scripts: bool
) -> None:
    screen = page if scripts else plain
    row = await office.house.stands(State.UNKNOWN)
    await log_in(screen, office)
    await screen.goto(f"{office.url}/belum-pasti")
    await screen.fill("#kirim-ulang-catatan", "dicari dua kali, tidak ada")
    await screen.click("text=Tidak ada, kirim lagi")
    await expect(screen.locator("h1")).to_contain_text("Yakin")
    # The box is required: the browser keeps the form until it is ticked.
    await screen.click("button:has-text('Kirim lagi')")
    assert office.house.now(row).state is State.UNKNOWN
    await screen.check("#yakin")
    await screen.click("button:has-text('Kirim lagi')")
    await expect(screen.get_by_role("status")).to_contain_text("Kembali ke antrean")
    assert office.house.now(row).state is State.RECEIVED


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_entry_by_hand(page: Page, plain: Page, office: Office, scripts: bool) -> None:
    screen = page if scripts else plain
    row = await office.house.receive()
    await log_in(screen, office)
    await screen.goto(f"{office.url}/entri")
    await screen.click("button:has-text('Ambil berikutnya')")
    await expect(screen.get_by_label("Isi", exact=True)).to_have_value(
        f"[{row.reference}] Jalan depan pasar berlubang dalam.\n\n"
        "Lokasi: Desa Babadan, Kec. Paron, depan pasar"
    )
    await expect(screen.locator("button:has-text('Salin')")).to_have_count(8 if scripts else 0)
    await screen.fill("#selesai-nomor", "9165901")
    await screen.click("button:has-text('Simpan nomor')")
    await expect(screen.get_by_role("status")).to_contain_text("sudah di LAPOR!")
    entered = office.house.now(row)
    assert (entered.state, entered.tracking_id) == (State.ENTERED, "9165901")


async def test_a_field_is_copied_with_its_button(page: Page, office: Office) -> None:
    await office.house.receive()
    await log_in(page, office)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{office.url}/entri")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Salin Lokasi Kejadian").click()
    await expect(page.get_by_role("button", name="Salin Lokasi Kejadian")).to_have_text("Tersalin")
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == "Desa Babadan, Kec. Paron, depan pasar"


async def test_excluding_in_a_hurry_is_one_act(page: Page, office: Office) -> None:
    row = await office.house.stands(State.PARKED)
    await log_in(page, office)
    await page.goto(f"{office.url}/aduan/{row.complaint_id}")
    await page.fill("#kecualikan-catatan", "iklan")
    await page.locator("button:has-text('Kecualikan')").dblclick()
    await expect(page.get_by_role("status")).to_contain_text("Dikecualikan.")
    assert office.house.reasons(row).count("excluded") == 1


async def test_two_operators_at_one_complaint(page: Page, plain: Page, office: Office) -> None:
    row = await office.house.stands(State.PARKED)
    for screen, login in ((page, "operator"), (plain, "operator-dua")):
        await log_in(screen, office, login)
        await screen.goto(f"{office.url}/aduan/{row.complaint_id}")
    await page.fill("#kirim-ulang-catatan", "judul diperbaiki")
    await page.click("button:has-text('Masukkan ke antrean')")
    await expect(page.get_by_role("status")).to_contain_text("Kembali ke antrean")
    await plain.fill("#kecualikan-catatan", "iklan")
    await plain.click("button:has-text('Kecualikan')")
    await expect(plain.get_by_role("alert")).to_contain_text("berubah sejak halaman Anda dibuka")
    await expect(plain.get_by_role("alert")).to_contain_text("menunggu")
    assert office.house.now(row).state is State.RECEIVED


async def test_an_identity_is_opened_once(page: Page, office: Office) -> None:
    row = await office.house.stands(State.ENTERED)
    await log_in(page, office, "kustodian")
    await page.goto(f"{office.url}/aduan/{row.complaint_id}")
    await page.fill("#alasan", "verifikasi lapangan")
    await page.fill("#sandi", PASSWORD)
    await page.click("button:has-text('Buka identitas')")
    await expect(page.get_by_text(NAME)).to_be_visible()
    assert not [value for value in IDENTITY if value in page.url + await page.title()]
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("tidak dibuka lagi")
    await expect(page.get_by_text(NAME)).to_have_count(0)
    # Neither the way back shows it: the page was never to be kept.
    await page.go_back()
    await expect(page.get_by_text(NAME)).to_have_count(0)
    assert office.house.reasons(row).count("identity_shown") == 1


async def test_the_newest_appear_without_a_reload_and_wait_when_paused(
    page: Page, office: Office
) -> None:
    await office.house.receive()
    await log_in(page, office)
    await expect(page.locator("#baris tr")).to_have_count(1)
    second = await office.house.receive(
        make_event(office.house.sealer, received_at=office.house.clock())
    )
    await expect(page.locator("#baris tr").first).to_contain_text(second.reference, timeout=30_000)
    await page.get_by_role("button", name="Jeda").click()
    await office.house.receive()
    await expect(page.get_by_text("1 aduan baru")).to_be_visible(timeout=30_000)
    await expect(page.locator("#baris tr")).to_have_count(2)
    await page.get_by_role("button", name="Lanjutkan").click()
    await expect(page.locator("#baris tr")).to_have_count(3, timeout=30_000)
    await expect(page.get_by_role("button", name="Jeda")).to_be_focused()


async def test_the_live_view_says_when_the_session_is_over(page: Page, office: Office) -> None:
    await log_in(page, office)
    await asyncio.to_thread(office.house.people.set_password, "operator", PASSWORD)
    await expect(page.locator("#pukul")).to_contain_text("Sesi berakhir", timeout=30_000)


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_no_page_scrolls_sideways(page: Page, office: Office, width: int) -> None:
    house = office.house
    for state in State:
        await house.stands(state)
    await page.set_viewport_size({"width": width, "height": 800})
    await log_in(page, office, "keduanya")
    rows = house.ledger.queries.listed()
    await page.goto(f"{office.url}/entri")
    await page.click("button:has-text('Ambil berikutnya')")
    sheet = page.url.removeprefix(office.url)
    paths = ["/", "/daftar", "/belum-pasti", "/entri", "/rekonsiliasi?hitung=1", "/nirwana", sheet]
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in [*paths, *(f"/aduan/{row.complaint_id}" for row in rows)]:
        await page.goto(office.url + path)
        assert await page.evaluate(overflow) == 0, path


async def test_focus_can_always_be_seen(page: Page, office: Office) -> None:
    row = await office.house.stands(State.UNKNOWN)
    await log_in(page, office, "keduanya")
    unseen = """() => {
        const at = document.activeElement;
        if (at === document.body) return '';
        const style = getComputedStyle(at);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
            ? '' : at.outerHTML;
    }"""
    for path in ("/daftar", f"/aduan/{row.complaint_id}"):
        await page.goto(office.url + path)
        for _ in range(25):
            await page.keyboard.press("Tab")
            assert await page.evaluate(unseen) == "", path
