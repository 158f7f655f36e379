"""A Graph API on this host, and an app that is set up to call it."""

from collections.abc import AsyncIterator, Mapping

import pytest

from gateway.settings import ConfigFile
from tests.connectors.meta.reading import APP
from tests.servers.graph_api import TOKEN, GraphApi, running_graph_api


@pytest.fixture
async def graph() -> AsyncIterator[GraphApi]:
    async with running_graph_api() as api:
        yield api


def config_for(graph: GraphApi, token: str = TOKEN, **changed: object) -> ConfigFile:
    """The app with an account of each kind, all with one token."""
    accounts: Mapping[str, object] = {
        "pages": [{"id": "1001", "name": "halaman", "access_token": token}],
        "instagram": [{"id": "1003", "name": "instagram", "access_token": token}],
        "whatsapp": [{"id": "2001", "name": "wa", "access_token": token}],
    }
    app = {**APP, **accounts, "graph_base_url": graph.url, **changed}
    return ConfigFile(None, {"meta": {"apps": [app]}})
