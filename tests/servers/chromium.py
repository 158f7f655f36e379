"""A real browser: Debian's Chromium, driven by Playwright, with an empty profile of its own."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Error, async_playwright

from tests.servers import ServerMissing

#: No sandbox: CI runs as root in a container. The rest keeps the browser from calling home.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A cold start takes 2 s on two cores; a busy CI machine needs several times that.
_START_MILLISECONDS = 30_000


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """A started browser; each of its contexts is a new visitor.

    Raises:
        ServerMissing: there is no Chromium here, or it does not start.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise ServerMissing("no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=found, args=_ARGUMENTS, timeout=_START_MILLISECONDS
            )
        except Error:
            raise ServerMissing(f"{found} does not start; try: {found} --version") from None
        try:
            yield browser
        finally:
            await browser.close()
