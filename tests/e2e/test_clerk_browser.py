"""A clerk with a keyboard and a real browser: from the login to the event on the log."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from argon2 import PasswordHasher
from playwright.async_api import Browser, Page, expect

from connectors.complaint_box.connector import ComplaintBoxConnector
from connectors.complaint_box.settings import Box, ComplaintBoxSettings
from gateway.auth import AuthSettings, People, Role
from gateway.intake import Intake
from gateway.log.sqlite import SqliteLog
from gateway.sealing import load_opener, load_sealer, new_key_pair
from gateway.settings import TopicSettings, WebSettings
from gateway.web import public_app
from normalizer.event import Channel, ComplaintEvent, PlacePrecision, PrivatePart, ReporterStatus
from normalizer.gazetteer import load_gazetteer
from normalizer.normalize import Context
from tests.servers import free_ports

pytestmark = pytest.mark.browser

PASSWORD = "empat kata sandi panjang"
TOPICS = TopicSettings()


@dataclass
class Office:
    """A gateway with one clerk, and what is on its log."""

    url: str
    people: People
    keys: Path
    log: SqliteLog

    async def events(self) -> list[ComplaintEvent]:
        return [
            ComplaintEvent.from_bytes(stored.record.value)
            async for stored in self.log.scan(TOPICS.accepted)
        ]

    def opened(self, event: ComplaintEvent) -> PrivatePart:
        assert event.sealed is not None
        return load_opener(self.keys / "private").open(event.sealed)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    new_key_pair(tmp_path / "public.json", tmp_path / "private")
    log = SqliteLog(tmp_path / "log.db")
    await log.open()
    await log.create_topics(TOPICS.specs())
    context = Context(reporter_key_secret=b"s" * 32)
    intake = Intake(log, TOPICS, context, load_sealer(tmp_path / "public.json"))
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    people = People(tmp_path, AuthSettings(), hasher=hasher)
    people.create_user("sri", PASSWORD, [Role.CLERK])
    connector = ComplaintBoxConnector(
        settings=ComplaintBoxSettings(
            enabled=True, boxes=(Box(id="kotak-paron", name="Kotak Kecamatan Paron"),)
        ),
        auth=AuthSettings(),
        people=people,
        web_settings=WebSettings(secure_cookies=False),
        gazetteer=load_gazetteer(),
        time_zone=context.time_zone,
    )
    runner = web.AppRunner(public_app(intake, [], [connector], max_body_bytes=65_536))
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield Office(f"http://127.0.0.1:{port}/petugas", people, tmp_path, log)
    await runner.cleanup()
    await log.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A visitor's page; a script's fault or a broken policy fails the test."""
    visitor = await browser.new_context(locale="id-ID", viewport={"width": 1280, "height": 900})
    visitor.set_default_timeout(10_000)
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


async def log_in(page: Page, office: Office) -> None:
    await page.goto(office.url)
    await expect(page.locator("#login")).to_be_focused()
    await page.keyboard.type("sri")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Catat aduan")


async def tab_to(page: Page, selector: str) -> None:
    """By the Tab key alone; fails when it is never reached."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    pytest.fail(f"{selector} cannot be reached by keyboard")


async def test_a_slip_is_typed_by_keyboard_alone(page: Page, office: Office) -> None:
    await log_in(page, office)
    await tab_to(page, "input[name=source]")
    await page.keyboard.press("Space")
    await tab_to(page, "#box")
    await page.keyboard.type("Kotak")
    await tab_to(page, "#text")
    await page.keyboard.type("Lampu jalan depan balai desa mati sejak Senin.")
    await tab_to(page, "#place_text")
    await page.keyboard.type("babad par")
    options = page.locator("#place-list [role=option]")
    await expect(options.first).to_have_text("Desa Babadan, Kec. Paron")
    await page.keyboard.press("ArrowDown")
    place = page.get_by_role("combobox", name="Tempat kejadian")
    await expect(place).to_have_attribute("aria-activedescendant", "place-option-0")
    await page.keyboard.press("Enter")
    await expect(place).to_have_value("Desa Babadan, Kec. Paron")
    await expect(place).to_have_attribute("aria-expanded", "false")
    await tab_to(page, "input[name=reporter]")
    await page.keyboard.press("Space")
    await tab_to(page, "#name")
    await page.keyboard.type("Budi Contoh")
    await page.keyboard.press("Enter")
    await page.keyboard.type("+62 812-0000-0202")
    await tab_to(page, "#hide_identity")
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+Enter")

    await expect(page.get_by_role("status").filter(has_text="Tercatat")).to_be_visible()
    (event,) = await office.events()
    number = await page.locator(".saved-number").text_content()
    assert number == event.reference
    assert event.channel is Channel.COMPLAINT_BOX
    assert (event.account, event.place.code) == ("kotak-paron", "35.21.10.2002")
    assert event.reporter.status is ReporterStatus.KNOWN
    assert event.hide_identity
    assert event.entered_by == office.people.list_users()[0].user_id
    assert "Budi" not in event.to_bytes().decode()
    assert office.opened(event).phone == "+6281200000202"
    # Ready for the next slip: the batch is still there, the cursor waits in the text.
    await expect(page.locator("input[value=complaint_box]")).to_be_checked()
    await expect(page.locator("#box")).to_have_value("kotak-paron")
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#text")).to_have_value("")


async def test_saving_twice_in_a_hurry_is_one_complaint(page: Page, office: Office) -> None:
    await log_in(page, office)
    await page.check("input[value=walk_in]")
    await page.fill("#text", "Minta informasi jadwal perekaman KTP keliling.")
    await page.locator("#save-stay").evaluate("button => { button.click(); button.click(); }")
    await page.wait_for_url(re.compile("tersimpan"))
    shown = await page.locator(".receipt-number").text_content()
    assert shown in {event.reference for event in await office.events()}
    assert len({event.complaint_id for event in await office.events()}) == 1


async def test_an_expired_session_gives_everything_back(page: Page, office: Office) -> None:
    await log_in(page, office)
    await page.check("input[value=letter]")
    await page.fill("#text", "Jembatan gantung\nputus <b>sebelah</b>.")
    await page.fill("#place_text", "Kec. Sine")
    # What an administrator or the clock does in the middle of typing.
    await asyncio.to_thread(office.people.set_password, "sri", PASSWORD)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".notice")).to_contain_text("Sesi Anda berakhir")
    await page.fill("#login", "sri")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("Jembatan gantung\nputus <b>sebelah</b>.")
    assert await office.events() == []
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".saved-number")).to_be_visible()
    (event,) = await office.events()
    assert event.place.precision is PlacePrecision.KECAMATAN
    assert event.received_at <= datetime.now(UTC)


async def test_the_page_works_without_scripts(browser: Browser, office: Office) -> None:
    visitor = await browser.new_context(java_script_enabled=False)
    visitor.set_default_timeout(10_000)
    page = await visitor.new_page()
    await page.goto(office.url)
    await page.fill("#login", "sri")
    await page.fill("#password", PASSWORD)
    await page.click("button:has-text('Masuk')")
    await page.check("input[value=letter]")
    await page.fill("#text", "Saluran irigasi tersumbat.")
    await page.fill("#place_text", "Babadan")
    await page.click("#save-next")
    await page.check("text=Desa Babadan, Kec. Pangkur")
    await page.click("#save-next")
    await expect(page.locator(".saved-number")).to_be_visible()
    await visitor.close()
    (event,) = await office.events()
    assert event.place.code == "35.21.14.2001"


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_no_page_scrolls_sideways(page: Page, office: Office, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await log_in(page, office)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in ("/", "/?number=NGW-26-7K3M9QXA", "/tersimpan?number=NGW-26-7K3M9QXA"):
        await page.goto(office.url + path)
        assert await page.evaluate(overflow) == 0, path


async def test_focus_can_always_be_seen(page: Page, office: Office) -> None:
    await log_in(page, office)
    await page.check("input[value=gave]")
    unseen = """() => {
        const shown = (element) => {
            const style = getComputedStyle(element);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        };
        const at = document.activeElement;
        if (at === document.body) return '';
        const framed = at.closest('.chip, .option');
        return shown(at) || (framed && shown(framed)) ? '' : at.outerHTML;
    }"""
    for _ in range(30):
        await page.keyboard.press("Tab")
        assert await page.evaluate(unseen) == ""


async def test_help_opens_with_its_key_and_leaving_unsaved_asks(page: Page, office: Office) -> None:
    await log_in(page, office)
    await page.keyboard.press("F1")
    await expect(page.get_by_text("simpan, lalu aduan berikutnya")).to_be_visible()
    await page.keyboard.press("F1")
    await expect(page.get_by_text("simpan, lalu aduan berikutnya")).to_be_hidden()
    await page.keyboard.press("F2")
    await expect(page.locator("#place_text")).to_be_focused()
    await page.locator("#text").press_sequentially("belum selesai")
    asked: list[str] = []

    async def stay(dialog: object) -> None:
        asked.append("leave?")
        await dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    await page.evaluate("setTimeout(() => location.assign('?'), 0)")
    for _ in range(100):
        if asked:
            break
        await asyncio.sleep(0.05)
    assert asked == ["leave?"]
    await expect(page.locator("#text")).to_have_value("belum selesai")
