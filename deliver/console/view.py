"""Pages from templates. Everything that a person typed is escaped by the template engine."""

import hashlib
from collections.abc import Mapping
from datetime import tzinfo
from functools import partial
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deliver.console import words
from deliver.labels import FILE_LABELS, REPLY_LABELS, STATE_LABELS
from deliver.proof.words import advice_of, what_of
from gateway.site_guard import PAGE_HEADERS

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

    def __init__(self, prefix: str, office_name: str, zone: tzinfo) -> None:
        self.prefix = prefix
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            prefix=prefix,
            version=_version(),
            office_name=office_name,
            words=words,
            state_labels=STATE_LABELS,
            file_labels=FILE_LABELS,
            reply_labels=REPLY_LABELS,
            what_of=what_of,
            advice_of=advice_of,
        )
        self._templates.filters["clock"] = partial(words.clock, zone=zone)

    def page(
        self, template: str, context: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> web.Response:
        """A page with the headers of every page. ``here`` marks its place in the navigation."""
        values = {"here": "", "session": None, "refresh": False, **context}
        body = self._templates.get_template(template).render(values)
        return web.Response(
            text=body, status=status, content_type="text/html", headers=PAGE_HEADERS
        )

    def message(
        self, status: int, title: str, text: str, session: object | None = None
    ) -> web.Response:
        """A page that only says something."""
        return self.page("message.html", {"title": title, "text": text, "session": session}, status)

    def redirect(self, path: str) -> web.Response:
        """After a POST: reload and back do not send it again. ``path`` is below the prefix."""
        headers = dict(PAGE_HEADERS) | {"Location": f"{self.prefix}{path}"}
        return web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)
