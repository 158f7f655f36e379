"""The telephone of the demo shows what senders of SMS would get."""

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox.app import build_app
from compose.lapor_sandbox.settings import SandboxSettings


async def test_messages_are_shown_and_escaped(tmp_path: Path) -> None:
    app = build_app(SandboxSettings(db=tmp_path / "lapor.db", port=0))
    async with TestClient(TestServer(app)) as client:
        sms = {"to": "+6281200009001", "text": "Terima kasih <b> 1 & 2"}
        assert (await client.post("/phone/sms", data=sms)).status == 200
        assert (await client.post("/phone/sms", data={"to": "x"})).status == 422
        assert await (await client.get("/phone/messages")).json() == [sms]
        page = await (await client.get("/phone")).text()
        assert "Terima kasih &lt;b&gt; 1 &amp; 2" in page
        assert "+6281200009001" in page
