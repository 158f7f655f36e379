"""What the pages show: the equation, lists page by page, one complaint, the newest on the log."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from deliver.console.lists import PAGE_ROWS
from deliver.console.live import ROWS
from deliver.gate import Gate, Pauses
from deliver.proof.closings import Closings
from deliver.proof.day import numbers_of
from deliver.proof.period import Period
from deliver.states import State
from deliver.tables import lapor_standing, lapor_update
from gateway.cloudevents import accepted_record
from gateway.errors import LogUnavailable
from gateway.log import Record
from normalizer.event import Channel, Place, PlacePrecision
from normalizer.update import ComplaintUpdate, UpdateKind
from tests.deliver.console.bench import TOPICS, WORKER, Browser, House, browsing
from tests.deliver.making import make_event
from tests.waiting import eventually

PARON = Place(code="35.21.10.2002", precision=PlacePrecision.VILLAGE, gazetteer="test")


def references(page: str) -> list[str]:
    return re.findall(r">(NGW-26-[0-9A-F]{8})</a>", page)


async def test_the_equation_of_today_and_every_state(operator: Browser, house: House) -> None:
    for state in State:
        await house.stands(state)
    page = await operator.text("/")
    assert '<strong class="big">8</strong> diterima' in page
    assert "Semua yang diterima terhitung." in page
    assert page.count("<strong>1</strong><span>") == len(State)
    assert "Tertua yang terbuka" in page


async def test_what_is_missing_is_named_in_red(operator: Browser, house: House) -> None:
    lost = make_event(house.sealer, received_at=house.clock() - timedelta(hours=2))
    await house.log.append(TOPICS.accepted, accepted_record(lost))
    subscription = await house.log.subscribe(TOPICS.accepted, "deliver")
    taken = await subscription.fetch(1, 5)
    await subscription.commit({0: taken[-1].position.offset + 1})
    await subscription.close()
    page = await operator.text("/")
    assert 'class="verdict broken"' in page
    assert "1</strong> tak terhitung" in page
    assert lost.reference in page


async def test_the_week_has_bars_for_each_channel(operator: Browser, house: House) -> None:
    await house.receive(make_event(house.sealer, channel=Channel.TELEGRAM))
    await house.stands(State.ENTERED)
    page = await operator.text("/")
    assert page.count("<figure>") == 2
    assert re.search(r'aria-label="Telegram: 24/02 0, .*02/03 1"', page)
    # A drawing without a style sheet of its own: the policy forbids one inside the page.
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)


async def test_a_count_is_not_repeated_within_a_minute(operator: Browser, house: House) -> None:
    assert '<strong class="big">0</strong>' in await operator.text("/")
    await house.receive()
    assert '<strong class="big">0</strong>' in await operator.text("/")
    house.clock.forward(seconds=61)
    # The old one is shown while the new one is being made.
    assert '<strong class="big">0</strong>' in await operator.text("/")

    async def counted_anew() -> bool:
        return '<strong class="big">1</strong>' in await operator.text("/")

    await eventually(counted_anew, "the new count")


async def test_yesterday_is_never_shown_as_today(operator: Browser, house: House) -> None:
    await house.receive()
    assert '<strong class="big">1</strong>' in await operator.text("/")
    # Short enough for the session, long enough for another local day.
    house.clock.at = datetime(2026, 3, 2, 16, 59, 30, tzinfo=UTC)
    await operator.log_in("operator")
    await operator.text("/")
    house.clock.forward(seconds=61)
    assert '<strong class="big">0</strong>' in await operator.text("/")


async def test_the_gate_says_why_and_until_when(house: House) -> None:
    at = 1000.0
    gate = Gate(Pauses(90, 600, 900), clock=lambda: at)
    async with browsing(house.app(gate=gate)) as visitor:
        await visitor.log_in("operator")
        assert "berjalan" in await visitor.text("/")
        async with gate.passage() as passage:
            passage.failed("busy")
        assert "terjeda: LAPOR! sedang sibuk" in await visitor.text("/")
        assert "dicoba lagi pukul 15.01.30" in await visitor.text("/")
        at += 100
        assert "sedang dicoba lagi" in await visitor.text("/")


async def test_the_newest_come_from_the_log_before_the_ledger_has_them(
    operator: Browser, house: House
) -> None:
    known = await house.stands(State.ENTERED)
    event = make_event(house.sealer, text="rahasia sekali", received_at=house.clock())
    await house.log.append(TOPICS.accepted, accepted_record(event))
    piece = await operator.text("/langsung")
    assert piece.index(event.reference) < piece.index(known.reference)
    assert "di log, belum di buku besar" in piece
    assert "rahasia sekali" not in piece
    assert "<html" not in piece


async def test_the_live_view_stays_short_and_survives_garbage(
    operator: Browser, house: House
) -> None:
    await house.log.append(TOPICS.accepted, Record(None, b"no event"))
    rows = [await house.receive() for _ in range(ROWS + 5)]
    piece = await operator.text("/langsung")
    assert piece.count("data-id=") == ROWS
    last = await house.receive(make_event(house.sealer, received_at=house.clock()))
    piece = await operator.text("/langsung")
    assert piece.count("data-id=") == ROWS
    assert last.reference in piece
    assert rows[-1].reference in piece


async def test_a_dead_log_is_told_and_the_rest_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.stands(State.UNKNOWN)

    async def away(*_: object) -> dict[int, int]:
        raise LogUnavailable("away")

    monkeypatch.setattr(house.log, "end_offsets", away)
    async with browsing(house.app()) as visitor:
        await visitor.log_in("operator")
        page = await visitor.text("/langsung")
    assert "Log sedang tidak terjangkau." in page
    assert "<strong>1</strong><span>Belum pasti" in page


async def test_lists_filter_by_state_channel_day_and_kecamatan(
    operator: Browser, house: House
) -> None:
    parked = await house.stands(State.PARKED)
    held = await house.stands(State.HELD)
    early = house.clock() - timedelta(days=3)
    paron = await house.receive(
        make_event(house.sealer, place=PARON, channel=Channel.EMAIL, received_at=early)
    )
    for query, rows in {
        "keadaan=parked": [parked],
        "keadaan=terbuka": [paron, parked, held],
        "kanal=email": [paron],
        "hari=2026-02-27": [paron],
        "kecamatan=35.21.10": [paron],
        "keadaan=held&kanal=email": [],
        "keadaan=nirwana&kanal=x'--&hari=kemarin&kecamatan=%25": [held, parked, paron],
    }.items():
        found = references(await operator.text(f"/daftar?{query}"))
        assert sorted(found) == sorted(row.reference for row in rows), query


async def test_pages_stay_where_they_are_when_rows_come_and_go(
    operator: Browser, house: House
) -> None:
    start = house.clock() - timedelta(days=2)
    rows = [
        # Two of each time: the id decides among them.
        await house.receive(
            make_event(house.sealer, received_at=start + timedelta(microseconds=number // 2))
        )
        for number in range(PAGE_ROWS + 7)
    ]
    first = await operator.text("/daftar?keadaan=received")
    onward = re.search(r'href="/konsol(/daftar\?[^"]*)" rel="next"', first)
    assert onward is not None
    # One of the first page is settled by somebody else, and another is new.
    gone = next(row for row in rows if row.reference in first)
    house.ledger.move(gone, State.EXCLUDED, WORKER, "auto_reply", house.clock())
    second = await operator.text(onward[1].replace("&amp;", "&"))
    seen = references(first) + references(second)
    assert len(seen) == len(set(seen)) == len(rows)
    assert 'rel="next"' not in second


async def test_one_is_found_by_either_number(operator: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED)
    for number in (row.reference, row.reference.lower(), f"#{row.tracking_id}"):
        answer = await operator.get(f"/cari?nomor={number.replace('#', '%23')}")
        assert answer.headers["Location"] == f"/konsol/aduan/{row.complaint_id}"
    answer = await operator.get("/cari?nomor=NGW-26-NIRWANA")
    assert answer.status == 404
    assert "Tidak ada aduan dengan nomor itu." in await answer.text()


async def test_one_complaint_with_everything_about_it(operator: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED, make_event(house.sealer, text="<b>Lampu</b> [NIK]"))
    assert row.tracking_id is not None
    update = ComplaintUpdate(
        complaint_id=row.complaint_id,
        reference=row.reference,
        tracking_id=row.tracking_id,
        kind=UpdateKind.FOLLOW_UP,
        update_id="77",
        at=house.clock(),
        agency="Dinas Contoh",
        text="Akan kami perbaiki.",
    )
    key = str(row.complaint_id)
    with house.ledger.engine.begin() as connection:
        connection.execute(
            lapor_standing.insert().values(
                complaint_id=key, status_name="Dalam Proses", checked_at=house.clock(), failures=0
            )
        )
        connection.execute(
            lapor_update.insert().values(
                complaint_id=key, update_id="77", at=update.at, body=update.to_bytes().decode()
            )
        )
        connection.execute(
            lapor_update.insert().values(
                complaint_id=key, update_id="78", at=update.at, body='{"of": "later"}'
            )
        )
    page = await operator.text(f"/aduan/{row.complaint_id}")
    for words in (
        "&lt;b&gt;Lampu&lt;/b&gt; [NIK]",
        "Dalam Proses",
        "Dinas Contoh",
        "Akan kami perbaiki.",
        "masuk lewat API",
        f"Nomor LAPOR!: <strong>{row.tracking_id}",
    ):
        assert words in page
    assert "Dalam Proses: 1" in await operator.text("/")


async def test_reconciliation_as_a_page_and_as_csv(operator: Browser, house: House) -> None:
    await house.stands(State.ENTERED)
    early = house.clock() - timedelta(days=10)
    await house.receive(make_event(house.sealer, received_at=early))
    assert "Hasil" not in await operator.text("/rekonsiliasi")
    query = "hitung=1&dari=2026-03-02&sampai=2026-03-02&kanal="
    page = await operator.text(f"/rekonsiliasi?{query}")
    assert "Cocok. <strong>1</strong> diterima" in page
    assert f"/rekonsiliasi.csv?{query.replace('&', '&amp;')}" in page
    answer = await operator.get("/rekonsiliasi.csv?hitung=1")
    assert answer.content_type == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = await answer.text()
    assert text.startswith("\ufeff")
    assert len([line for line in text.splitlines() if line.startswith("equation")]) == 2
    wrong = await operator.get("/rekonsiliasi?hitung=1&dari=2026-03-02&sampai=2026-03-01")
    assert wrong.status == 422
    assert "Hari pertama harus sebelum" in await wrong.text()


async def test_closed_days_are_listed_with_hash_and_minutes(
    operator: Browser, house: House
) -> None:
    await house.stands(State.ENTERED)
    day = house.clock().date()
    house.clock.forward(hours=12)
    await operator.log_in("operator")
    proof = await house.prove(Period(day, day))
    closed = Closings(house.ledger.engine).close(day, numbers_of(proof), house.clock(), "worker-1")
    page = await operator.text("/rekonsiliasi")
    assert closed.hash in page
    assert f'href="/konsol/rekonsiliasi/{day}.pdf"' in page
    answer = await operator.get(f"/rekonsiliasi/{day}.pdf")
    assert answer.content_type == "application/pdf"
    (sheet,) = PdfReader(BytesIO(await answer.read())).pages
    assert "BERITA ACARA" in sheet.extract_text()
    for other in ("2026-03-01", "2026-02-31"):
        assert (await operator.get(f"/rekonsiliasi/{other}.pdf")).status == 404
