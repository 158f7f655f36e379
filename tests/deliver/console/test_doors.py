"""Who may come in, what a page must carry, and what nobody is told."""

import logging
import re
from collections.abc import AsyncIterator

import pytest

from deliver.database import LedgerUnavailable
from deliver.states import State
from gateway.auth import AuthSettings
from gateway.log_setup import JsonLines
from tests.deliver.console.bench import OURS, PASSWORD, STAFF, Browser, House, browsing
from tests.deliver.making import IDENTITY

PAGES = ("/", "/langsung", "/daftar", "/cari?nomor=1", "/entri", "/belum-pasti", "/rekonsiliasi",
         "/rekonsiliasi.csv")  # fmt: skip


@pytest.fixture
async def everywhere(house: House) -> AsyncIterator[Browser]:
    """A browser at a house with one complaint of each state."""
    for state in State:
        await house.stands(state)
    async with browsing(house.app(mode="assisted")) as made:
        yield made


def paths_of(house: House) -> list[str]:
    rows = house.ledger.queries.listed()
    return [*PAGES, *(f"/aduan/{row.complaint_id}" for row in rows)]


async def test_nothing_is_shown_without_a_login(everywhere: Browser, house: House) -> None:
    for path in paths_of(house):
        answer = await everywhere.get(path)
        assert answer.status in (303, 403), path
        body = await answer.text()
        assert "NGW-26" not in body, path
        assert answer.headers.get("Location", "/konsol/masuk").startswith("/konsol/masuk")


async def test_every_route_but_login_and_files_asks_who_it_is(house: House) -> None:
    """A route that somebody adds without asking for a session fails here."""
    app = house.app()
    console = next(
        route.get_info()["app"] for route in app.router.resources() if "app" in route.get_info()
    )
    open_to_all = {"", "/", "/masuk", "/berkas", "/keluar"}
    async with browsing(app) as visitor:
        for resource in console.router.resources():
            path = resource.canonical.removeprefix("/konsol")
            if path in open_to_all:
                continue
            path = path.replace("{day}", "2026-03-02")
            path = re.sub(r"\{[^}]+\}", "00000000-0000-4000-8000-000000000000", path)
            for route in resource:
                if route.method == "POST":
                    answer = await visitor.post(path, {})
                    assert answer.status == 403, path
                else:
                    answer = await visitor.get(path)
                    assert answer.status in (303, 403), path


async def test_health_and_metrics_stay_as_they_are(visitor: Browser) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await visitor.client.get(path)).status == 200
    assert (await visitor.client.get("/")).status == 404


@pytest.mark.parametrize("login", ["petugas", "pengelola"])
async def test_a_clerk_alone_is_told_no(everywhere: Browser, house: House, login: str) -> None:
    await everywhere.log_in(login)
    for path in paths_of(house):
        answer = await everywhere.get(path)
        assert answer.status == 403, path
        page = await answer.text()
        assert "Akun Anda tidak punya peran operator atau kustodian" in page
        assert "NGW-26" not in page


async def test_a_custodian_looks_and_does_not_act(everywhere: Browser, house: House) -> None:
    await everywhere.log_in("kustodian")
    csrf = await everywhere.csrf()
    for row in house.ledger.queries.listed():
        page = await everywhere.text(f"/aduan/{row.complaint_id}")
        assert 'id="tindakan"' not in page
        assert "Buka identitas" in page
        for action in ("ditemukan", "kirim-ulang", "kecualikan", "lepas", "ambil", "selesai"):
            answer = await everywhere.post(
                f"/aduan/{row.complaint_id}/{action}",
                {"csrf": csrf, "versi": str(row.version), "catatan": "c", "nomor": "5"},
            )
            assert answer.status == 403
        assert house.now(row) == row
    assert (await everywhere.post("/entri/ambil", {"csrf": csrf})).status == 403


@pytest.mark.parametrize(
    ("headers", "with_token"),
    [
        (OURS, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({}, True),
    ],
)
async def test_a_post_that_is_not_ours_changes_nothing(
    operator: Browser, house: House, headers: dict[str, str], with_token: bool
) -> None:
    row = await house.stands(State.PARKED)
    fields = {"versi": str(row.version), "catatan": "c", "nomor": "5", "alasan": "a"}
    fields["csrf"] = await operator.csrf() if with_token else "0" * 64
    for path in (
        f"/aduan/{row.complaint_id}/kirim-ulang",
        f"/aduan/{row.complaint_id}/identitas",
        "/entri/ambil",
        "/keluar",
    ):
        answer = await operator.post(path, fields, headers)
        assert answer.status == 403, path
        assert "Ditolak" in await answer.text()
    assert house.now(row) == row
    await operator.text("/daftar")


async def test_a_get_changes_nothing(operator: Browser, house: House) -> None:
    row = await house.stands(State.PARKED)
    for action in ("kirim-ulang", "identitas"):
        assert (await operator.get(f"/aduan/{row.complaint_id}/{action}")).status in (404, 405)
    assert (await operator.get("/keluar")).status in (404, 405)
    assert house.now(row) == row


async def test_every_answer_carries_the_headers(everywhere: Browser, house: House) -> None:
    await everywhere.log_in("keduanya")
    row = house.ledger.queries.listed()[0]
    csrf = await everywhere.csrf()
    answers = [await everywhere.get(path) for path in (*paths_of(house), "/nirwana", "/masuk")]
    answers.append(await everywhere.act(row, "kecualikan", version=99, catatan="x"))
    answers.append(await everywhere.post("/entri/ambil", {"csrf": csrf}))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, answer.url
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_cookie_is_its_own_and_no_script_reads_it(visitor: Browser) -> None:
    answer = await visitor.log_in("operator")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("konsol=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_logins_are_throttled_by_name(visitor: Browser) -> None:
    for _ in range(AuthSettings().login_failures):
        answer = await visitor.log_in("operator", "salah sekali ini")
        assert answer.status == 403
        assert "Nama pengguna atau kata sandi salah." in await answer.text()
    answer = await visitor.log_in("operator")
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_session_ends_and_says_so(operator: Browser, house: House) -> None:
    row = await house.stands(State.PARKED)
    csrf = await operator.csrf()
    house.clock.forward(minutes=AuthSettings().session_idle_minutes + 1)
    late = await operator.post(
        f"/aduan/{row.complaint_id}/kecualikan",
        {"csrf": csrf, "versi": str(row.version), "catatan": "x"},
    )
    assert late.status == 403
    assert "Sesi Anda berakhir; tidak ada yang diubah." in await late.text()
    assert house.now(row) == row
    sent_away = await operator.get(f"/aduan/{row.complaint_id}")
    assert sent_away.headers["Location"] == f"/konsol/masuk?kembali=/aduan/{row.complaint_id}"


async def test_a_page_that_refreshes_itself_keeps_no_session_alive(
    operator: Browser, house: House
) -> None:
    for _ in range(AuthSettings().session_idle_minutes // 10):
        house.clock.forward(minutes=10)
        await operator.get("/langsung")
        await operator.get("/?segar=1")
    house.clock.forward(minutes=1)
    assert (await operator.get("/langsung")).status == 403
    assert (await operator.get("/")).status == 303


async def test_a_login_leads_back_to_our_own_pages_only(visitor: Browser, house: House) -> None:
    row = await house.receive()
    own = f"/aduan/{row.complaint_id}"
    for asked, reached in {
        own: own,
        "//evil.example": "/",
        "https://evil.example": "/",
        "/aduan/../keluar": "/",
        "/masuk": "/",
    }.items():
        answer = await visitor.post(
            "/masuk", {"login": "operator", "password": PASSWORD, "kembali": asked}
        )
        assert answer.headers["Location"] == f"/konsol{reached}", asked


async def test_logging_out_ends_the_session(operator: Browser) -> None:
    answer = await operator.post("/keluar", {"csrf": await operator.csrf()})
    assert answer.headers["Location"] == "/konsol/masuk?keluar=1"
    assert (await operator.get("/daftar")).status == 303


async def test_faults_are_pages_that_tell_nothing(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browsing(house.app()) as visitor:
        await visitor.log_in("operator")
        for error, status in ((LedgerUnavailable("geheim"), 503), (KeyError("geheim"), 500)):

            def broken(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            monkeypatch.setattr(house.ledger.listing, "page", broken)
            answer = await visitor.get("/daftar")
            page = await answer.text()
            assert answer.status == status
            assert "geheim" not in page
            assert "Traceback" not in page
            assert "<h1>" in page
    lines = [JsonLines("deliver").format(record) for record in caplog.records]
    assert any("console.failed" in line for line in lines)
    assert "geheim" not in "".join(lines)
    caplog.clear()


async def test_nobody_is_named_anywhere(
    everywhere: Browser, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await everywhere.log_in("keduanya")
    seen = []
    for path in paths_of(house):
        answer = await everywhere.get(path)
        seen += [await answer.text(), str(answer.headers), str(answer.url)]
    for row in house.ledger.queries.listed():
        answer = await everywhere.act(row, "kecualikan", catatan="uji")
        seen += [await answer.text(), str(answer.headers)]
    seen += [JsonLines("deliver").format(record) + record.getMessage() for record in caplog.records]
    for place in seen:
        assert not [value for value in IDENTITY if value in place]
    # Nor who works here: their names stand on their own pages alone.
    logged = "".join(seen[-len(caplog.records) :])
    assert "console.acted" in logged
    assert not [login for login in STAFF if f'"{login}"' in logged]
