"""Fixtures of the clerk's form and the import."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.complaint_box.clerk_site import ClerkSite, clerk_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ClerkSite]:
    """Nobody has logged in."""
    async with clerk_site(tmp_path) as made:
        yield made


@pytest.fixture
async def clerk(site: ClerkSite) -> ClerkSite:
    """A clerk has logged in."""
    await site.log_in()
    return site
