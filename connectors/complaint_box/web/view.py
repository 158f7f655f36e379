"""Pages from templates. Everything that a person typed is escaped by the template engine."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.site_guard import PAGE_HEADERS

PREFIX = "/petugas"
_HERE = Path(__file__).parent
STATIC_DIR = _HERE / "static"


def _version() -> str:
    """Changes with the files, so that browsers fetch a new style sheet after an update."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_DIR.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class View:
    """The templates, and what stands on every page."""

    def __init__(self, office_name: str, regency_name: str) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            prefix=PREFIX, version=_version(), office_name=office_name, regency_name=regency_name
        )

    def page(
        self, template: str, context: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> web.Response:
        """A page with the headers of every page."""
        body = self._templates.get_template(template).render(context)
        return web.Response(
            text=body, status=status, content_type="text/html", headers=PAGE_HEADERS
        )

    def message(self, status: int, title: str, text: str) -> web.Response:
        """A page that only says something."""
        context = {"title": title, "text": text, "session": None}
        return self.page("message.html", context, status)


def redirect(path: str) -> web.Response:
    """After a POST: reload and back do not send it again."""
    return web.Response(
        status=HTTPStatus.SEE_OTHER, headers=dict(PAGE_HEADERS) | {"Location": path}
    )
