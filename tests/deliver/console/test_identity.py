"""Opening an identity: by a custodian, with a reason and a password, on record, shown once."""

import logging

import pytest

from deliver.rows import LedgerRow
from deliver.states import State
from gateway.auth import AuthSettings
from gateway.errors import CannotOpen
from gateway.log_setup import JsonLines
from tests.deliver.console.bench import PASSWORD, Browser, House
from tests.deliver.making import IDENTITY, NAME, PHONE, make_event


@pytest.fixture
async def custodian(visitor: Browser) -> Browser:
    await visitor.log_in("kustodian")
    return visitor


def form(house: House, row: LedgerRow, csrf: str, **changed: str) -> dict[str, str]:
    seq = house.ledger.queries.history(row.complaint_id)[-1].seq
    given = {"alasan": "verifikasi lapangan", "sandi": PASSWORD, "riwayat": str(seq)}
    return {"csrf": csrf, **given, **changed}


async def test_it_is_shown_after_it_stands_in_the_history(
    custodian: Browser, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    row = await house.stands(State.ENTERED)
    fields = form(house, row, await custodian.csrf())
    answer = await custodian.post(f"/aduan/{row.complaint_id}/identitas", fields)
    page = await answer.text()
    assert answer.status == 200
    assert all(value in page for value in IDENTITY)
    assert NAME not in page.split("</title>")[0]
    assert answer.headers["Cache-Control"] == "no-store"
    # It leaves the screen by itself.
    assert answer.headers["Refresh"].endswith(f"url=/konsol/aduan/{row.complaint_id}")
    last = house.ledger.queries.history(row.complaint_id)[-1]
    (person,) = [one for one in house.people.list_users() if one.login == "kustodian"]
    assert (last.actor, last.note) == (person.user_id, "verifikasi lapangan")
    assert last.at == house.clock()
    logged = [JsonLines("deliver").format(one) + one.getMessage() for one in caplog.records]
    assert any("identity.opened" in line for line in logged)
    assert not [line for line in logged for value in (*IDENTITY, PASSWORD) if value in line]
    # Afterwards nobody is named again, and the history tells that somebody looked.
    after = await custodian.text(f"/aduan/{row.complaint_id}")
    assert "identitas dibuka" in after
    assert not [value for value in IDENTITY if value in after]


async def test_a_reload_shows_nothing(custodian: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED)
    fields = form(house, row, await custodian.csrf())
    path = f"/aduan/{row.complaint_id}/identitas"
    assert NAME in await (await custodian.post(path, fields)).text()
    again = await custodian.post(path, fields)
    page = await again.text()
    assert again.status == 409
    assert "Identitas tidak dibuka lagi" in page
    assert NAME not in page
    assert len([one for one in house.reasons(row) if one == "identity_shown"]) == 1


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"alasan": "  "}, 409, "Alasan wajib diisi"),
        ({"sandi": "salah sekali ini"}, 403, "Kata sandi salah"),
        ({"sandi": ""}, 403, "Kata sandi salah"),
        ({"riwayat": "0"}, 409, "tidak dibuka lagi"),
    ],
)
async def test_it_stays_shut(
    custodian: Browser, house: House, changed: dict[str, str], status: int, words: str
) -> None:
    row = await house.stands(State.ENTERED)
    before = house.reasons(row)
    fields = form(house, row, await custodian.csrf(), **changed)
    answer = await custodian.post(f"/aduan/{row.complaint_id}/identitas", fields)
    page = await answer.text()
    assert answer.status == status
    assert words in page
    assert PHONE not in page
    assert house.reasons(row) == before


async def test_operators_do_not_open(operator: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED)
    assert "Buka identitas" not in await operator.text(f"/aduan/{row.complaint_id}")
    before = house.reasons(row)
    fields = form(house, row, await operator.csrf())
    answer = await operator.post(f"/aduan/{row.complaint_id}/identitas", fields)
    assert answer.status == 403
    assert NAME not in await answer.text()
    assert house.reasons(row) == before


async def test_guessing_the_password_is_throttled(custodian: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED)
    path, csrf = f"/aduan/{row.complaint_id}/identitas", await custodian.csrf()
    for _ in range(AuthSettings().login_failures):
        await custodian.post(path, form(house, row, csrf, sandi="salah sekali ini"))
    answer = await custodian.post(path, form(house, row, csrf))
    page = await answer.text()
    assert "Terlalu banyak percobaan" in page
    assert NAME not in page


async def test_asking_for_the_password_leaves_one_session(custodian: Browser, house: House) -> None:
    row = await house.stands(State.ENTERED)
    await custodian.post(
        f"/aduan/{row.complaint_id}/identitas", form(house, row, await custodian.csrf())
    )
    with house.people._db.reading() as db:
        assert db.execute("SELECT count(*) FROM session").fetchone() == (1,)
    assert (await custodian.get("/daftar")).status == 200


async def test_nothing_sealed(custodian: Browser, house: House) -> None:
    row = await house.receive(make_event(None))
    assert "Tidak ada bagian tersegel" in await custodian.text(f"/aduan/{row.complaint_id}")
    fields = form(house, row, await custodian.csrf())
    answer = await custodian.post(f"/aduan/{row.complaint_id}/identitas", fields)
    assert answer.status == 409
    assert "Identitas tidak dibuka" in await answer.text()


async def test_a_lost_key_is_told_and_recorded(
    custodian: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await house.stands(State.ENTERED)

    def lost(*_: object) -> None:
        raise CannotOpen("no key")

    monkeypatch.setattr(type(house.opener), "open", lost)
    fields = form(house, row, await custodian.csrf())
    answer = await custodian.post(f"/aduan/{row.complaint_id}/identitas", fields)
    assert answer.status == 409
    assert "Tidak ada kunci" in await answer.text()
    assert house.reasons(row)[-2:] == ["identity_shown", "identity_not_opened"]
