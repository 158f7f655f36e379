"""The page: what came in, as text and never as markup, and nothing from elsewhere."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox import BANNER
from compose.lapor_sandbox.app import build_app
from tests.compose.sandbox import CREDENTIALS, entered_id, settings_for


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action"}]

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_page_shows_what_came_in_and_nothing_of_it_runs(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    app = build_app(settings_for(tmp_path / "sandbox.sqlite3"), now=lambda: moment)
    async with TestClient(TestServer(app), headers=CREDENTIALS) as client:
        older = await entered_id(client)
        newer = await entered_id(client, title="<script>alert(1)</script>", is_secret=1)
        response = await client.get("/")
        page = _Page()
        page.feed(await response.text())
        assert response.status == 200
        assert page.text.count(BANNER) == 2  # title and banner
        assert page.tags.count("script") == 1  # its own
        assert "<script>alert(1)</script>" in page.text
        assert page.text.index(f"#{newer}") < page.text.index(f"#{older}")
        assert "03-03-2026 01:30:00 WIB" in page.text
        assert "Anonim" in page.text
        assert "Rahasia" in page.text
        assert all(link.startswith(("/", "#", "data:,")) for link in page.links)
        for link in {link for link in page.links if link.startswith("/sandbox/page")}:
            assert (await client.get(link)).status == 200
