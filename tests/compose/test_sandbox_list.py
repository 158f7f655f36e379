"""The sandbox's list of complaints, which is an assumption of ours."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox.api import COMPLAINTS_A_PAGE, STORE
from compose.lapor_sandbox.app import build_app
from tests.compose.sandbox import CREDENTIALS, Client, settings_for, stranger_to

#: The last second of 1 March in Jakarta.
LATE = datetime(2026, 3, 1, 16, 59, 59, 999999, tzinfo=UTC)


async def listed(client: Client, query: str) -> list[int]:
    ids: list[int] = []
    path = f"/complaints?{query}"
    while path:
        response = await client.get(path)
        assert response.status == 200
        results = (await response.json())["results"]
        ids += [row["complaint_id"] for row in results["data"]]
        assert all(set(row) >= {"title", "content", "created_at"} for row in results["data"])
        following = results["next_page_url"]
        path = following[following.index("/complaints") :] if following else ""
    return ids


async def test_page_by_page_within_days_of_jakarta(tmp_path: Path) -> None:
    app = build_app(settings_for(tmp_path / "sandbox.sqlite3"))
    async with TestClient(TestServer(app), headers=CREDENTIALS) as client:
        fields = {"title": "t", "content": "c", "disposition_id": 1}
        first = await app[STORE].add_complaint(LATE, fields, ())
        rest = [
            await app[STORE].add_complaint(LATE + timedelta(microseconds=1), fields, ())
            for _ in range(COMPLAINTS_A_PAGE + 1)
        ]
        assert await listed(client, "page=1") == [first, *rest]
        assert await listed(client, "to=2026-03-01") == [first]
        assert await listed(client, "from=2026-03-02&to=2026-03-02") == rest
        assert await listed(client, "from=2026-03-03") == []


@pytest.mark.parametrize("query", ["page=0", "page=x", "from=2026-13-01", "to=9999-12-31"])
async def test_a_question_that_makes_no_sense(client: Client, query: str) -> None:
    assert (await client.get(f"/complaints?{query}")).status == 422


async def test_the_list_is_not_for_strangers(client: Client) -> None:
    async with stranger_to(client) as stranger:
        assert (await stranger.get("/complaints")).status == 401
