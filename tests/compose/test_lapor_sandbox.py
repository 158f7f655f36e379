"""The sandbox answers as LAPOR! does, keeps what it acknowledged, and says what it is."""

import hashlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox import BANNER
from compose.lapor_sandbox.app import build_app
from compose.lapor_sandbox.store import Store, StoreUnavailable
from tests.compose.sandbox import (
    BEARER,
    CREDENTIALS,
    TOKEN,
    Client,
    complaint,
    enter,
    entered_id,
    files,
    kept,
    settings_for,
    stranger_to,
)

CALLS = [
    ("POST", "/complaints/complaint/file"),
    ("POST", "/complaints/complaint"),
    ("GET", "/complaints/9200001/complaint"),
    ("GET", "/complaints/9200001/followups"),
    ("POST", "/complaints/followup/add"),
    ("GET", "/masters/institutions/external"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {BEARER}"},
        {"token": TOKEN},
        {"Authorization": "Bearer wrong", "token": TOKEN},
        {"Authorization": f"Bearer {BEARER}", "token": TOKEN.strip("{}")},
        {"Authorization": "Bearer é", "token": TOKEN},
    ],
)
async def test_wrong_credentials_are_refused(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    async with stranger_to(client) as stranger:
        response = await stranger.request(method, path, headers=headers, json=complaint())
        assert response.status == 401
        assert (await response.json())["sandbox"] == BANNER
        assert await kept(stranger) == []


@pytest.mark.parametrize(
    "bearer",
    [
        {"Authorization": f"Bearer {BEARER}"},
        {"auth": f"Bearer {BEARER}"},
        {"Authorization": BEARER},
    ],
)
async def test_both_bearer_headers_are_known(client: Client, bearer: dict[str, str]) -> None:
    async with stranger_to(client) as other:
        response = await other.get(
            "/masters/institutions/external", headers={**bearer, "token": TOKEN}
        )
        assert response.status == 200


async def test_tracking_ids_have_seven_digits_and_rise(client: Client) -> None:
    ids = [await entered_id(client) for _ in range(3)]
    assert ids == sorted(set(ids))
    assert all(len(str(tracking_id)) == 7 for tracking_id in ids)


async def test_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "sandbox.sqlite3")
    async with TestClient(TestServer(build_app(settings)), headers=CREDENTIALS) as client:
        first = await entered_id(client)
    async with TestClient(TestServer(build_app(settings)), headers=CREDENTIALS) as client:
        assert await entered_id(client) == first + 1
        assert [item["tracking_id"] for item in await kept(client)] == [first + 1, first]


async def test_what_is_acknowledged_is_in_the_file(client: Client, tmp_path: Path) -> None:
    tracking_id = await entered_id(client)
    await client.close()
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
        rows = db.execute("SELECT tracking_id, fields FROM complaints").fetchall()
    db.close()
    assert [(number, json.loads(fields)) for number, fields in rows] == [(tracking_id, complaint())]


OPTIONAL = {"user_id", "is_disposisi_slider", "priority_program_id", "attachments"}
REQUIRED = sorted(complaint().keys() - OPTIONAL)


@pytest.mark.parametrize("field", REQUIRED)
async def test_a_missing_field_is_named(client: Client, field: str) -> None:
    body = complaint()
    del body[field]
    response = await client.post("/complaints/complaint", json=body)
    assert response.status == 422
    assert (await response.json())["errors"] == {field: ["wajib diisi"]}
    assert await kept(client) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"content": "\ud800"}, "content"),
        ({"channel": 0}, "channel"),
        ({"location_id": 10**30}, "location_id"),
        ({"date_of_incident": "kemarin"}, "date_of_incident"),
        ({"is_secret": "mungkin"}, "is_secret"),
        ({"attachments": "[1,]"}, "attachments"),
        ({"attachments": [99]}, "attachments"),
        ({"tittle": "salah ketik"}, "tittle"),
        ({"user_id": None}, "laporan"),
        ({"is_new_user_slider": True}, "laporan"),
    ],
)
async def test_a_wrong_field_is_named_and_its_value_is_not(
    client: Client, changes: dict[str, object], field: str
) -> None:
    response = await enter(client, **changes)
    assert response.status == 422
    assert list((await response.json())["errors"]) == [field]
    assert "kemarin" not in await response.text()
    assert await kept(client) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_complaint_is_refused(client: Client, body: bytes) -> None:
    response = await client.post("/complaints/complaint", data=body)
    assert response.status in {400, 422}
    assert (await response.json())["status"] == "error"


@pytest.mark.parametrize("day", ["2026-03-02", "02-03-2026", "2026-03-02 07:30:00"])
async def test_days_are_read_in_both_orders(client: Client, day: str) -> None:
    assert (await enter(client, date_of_incident=day)).status == 200


async def test_pictures_come_back_only_under_images(client: Client) -> None:
    form = files(
        "attachments[]",
        ("jalan.jpg", "image/jpeg"),
        ("surat.pdf", "application/pdf"),
        ("lampu.png", "application/octet-stream"),
    )
    response = await client.post("/complaints/complaint/file", data=form)
    results = (await response.json())["results"]
    assert response.status == 200
    assert [len(results["images"]), len(results["docs"])] == [2, 1]
    ids = [item["id"] for item in results["images"] + results["docs"]]
    assert len(set(ids)) == 3

    for encoded in (f"{ids}.", str(ids), ids):
        tracking_id = await entered_id(client, attachments=encoded)
        assert (await kept(client))[0]["tracking_id"] == tracking_id
        assert (await kept(client))[0]["attachments"] == sorted(ids)


async def test_an_upload_is_kept_by_its_hash(client: Client, tmp_path: Path) -> None:
    await client.post(
        "/complaints/complaint/file", data=files("attachments[]", ("jalan.jpg", "image/jpeg"))
    )
    await client.close()
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
        rows = db.execute("SELECT size_bytes, sha256 FROM files").fetchall()
    db.close()
    assert rows == [(9, hashlib.sha256(b"jalan.jpg").hexdigest())]


@pytest.mark.parametrize(
    ("kind", "status"), [("multipart/form-data", 400), ("application/json", 422)]
)
async def test_an_upload_without_files_is_refused(client: Client, kind: str, status: int) -> None:
    response = await client.post(
        "/complaints/complaint/file", data=b"x", headers={"Content-Type": kind}
    )
    assert response.status == status


async def test_detail_and_followups(client: Client) -> None:
    tracking_id = await entered_id(client)
    before = (await (await client.get(f"/complaints/{tracking_id}/complaint")).json())["results"]
    assert before["data"]["status_name"] == "Belum Terverifikasi"
    assert before["data"]["disposition_name"].startswith("Dinas Pekerjaan Umum")
    assert [log["status_old"] for log in before["data_logs"]] == [None]

    form = files("attachment[{}]", ("foto.jpg", "image/jpeg"), ("surat.pdf", "application/pdf"))
    for name, value in {
        "complaint_id": str(tracking_id),
        "user_id": "1",
        "institution_from_id": "501",
        "content": "Foto menyusul.",
        "is_secret": "0",
    }.items():
        form.add_field(name, value)
    added = await client.post("/complaints/followup/add", data=form)
    assert added.status == 200

    response = await client.get(f"/complaints/{tracking_id}/followups?page=1")
    (followup,) = (await response.json())["results"]["data"]
    assert followup["content"] == "Foto menyusul."
    assert followup["institution_from_name"] == "Pemerintah Kabupaten Ngawi"
    assert [file["file_name"] for file in followup["attachments"]] == ["foto.jpg", "surat.pdf"]
    assert re.fullmatch(r"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d", followup["created_at"])
    after = (await (await client.get(f"/complaints/{tracking_id}/complaint")).json())["results"]
    assert after["data"]["status_name"] == "Dalam Proses"
    assert after["data_logs"][-1]["status_old"] == {"name": "Belum Terverifikasi"}


async def test_followups_come_in_pages(client: Client) -> None:
    tracking_id = await entered_id(client)
    for number in range(21):
        form = {"complaint_id": str(tracking_id), "user_id": "1", "content": f"Kabar {number}"}
        assert (await client.post("/complaints/followup/add", data=form)).status == 200
    seen: list[str] = []
    url: str | None = f"/complaints/{tracking_id}/followups"
    while url is not None:
        results = (await (await client.get(url)).json())["results"]
        seen += [item["content"] for item in results["data"]]
        url = results["next_page_url"] and f"/{results['next_page_url'].split('/', 3)[3]}"
    assert seen == [f"Kabar {number}" for number in range(21)]


@pytest.mark.parametrize("page", ["0", "-1", "dua", "9" * 5000])
async def test_a_page_that_cannot_be_is_refused(client: Client, page: str) -> None:
    tracking_id = await entered_id(client)
    response = await client.get(f"/complaints/{tracking_id}/followups", params={"page": page})
    assert response.status == 422


async def test_what_does_not_exist_is_not_found(client: Client) -> None:
    form = {"complaint_id": "9999999", "user_id": "1", "content": "Kabar"}
    assert (await client.get("/complaints/9999999/complaint")).status == 404
    assert (await client.get("/complaints/9999999/followups")).status == 404
    assert (await client.post("/complaints/followup/add", data=form)).status == 404


async def test_a_followup_without_text_is_refused(client: Client) -> None:
    form = {"complaint_id": str(await entered_id(client)), "user_id": "1"}
    response = await client.post("/complaints/followup/add", data=form)
    assert response.status == 422
    assert (await response.json())["errors"] == {"content": ["wajib diisi"]}


async def test_institutions_have_text_ids(client: Client) -> None:
    response = await client.get("/masters/institutions/external", params={"page_size": "2"})
    data = (await response.json())["results"]["data"]
    assert [type(item["id"]) for item in data] == [str, str]


async def test_search_takes_the_text_literally(client: Client) -> None:
    plain = await entered_id(client, content="100% padam")
    await entered_id(client, content="100 lampu padam")
    assert [item["tracking_id"] for item in await kept(client, "100%")] == [plain]
    assert len(await kept(client)) == 2
    assert await kept(client, "100_") == []


async def test_every_answer_says_that_it_is_a_sandbox(client: Client) -> None:
    for path in ("/healthz", "/sandbox/complaints", "/complaints/1/complaint", "/sandbox/switches"):
        response = await client.get(path)
        assert (await response.json())["sandbox"] == BANNER
        assert "not LAPOR" in response.headers["Server"]


async def test_a_database_serves_one_sandbox(tmp_path: Path) -> None:
    first = Store(tmp_path / "sandbox.sqlite3")
    await first.open()
    second = Store(tmp_path / "sandbox.sqlite3")
    with pytest.raises(StoreUnavailable, match="stop the other"):
        await second.open()
    await first.close()


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "surat.txt"
    path.write_text("bukan basis data" * 100)
    with pytest.raises(StoreUnavailable):
        await Store(path).open()
    assert path.read_text() == "bukan basis data" * 100
