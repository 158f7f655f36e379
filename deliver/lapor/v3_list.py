"""Reading LAPOR's v3 API back, for the three-way match.

The detail call is publicly known. A list of complaints is not: its address is a setting, and the
shape read here is our assumption, modelled on the follow-ups call (``results.data``,
``results.next_page_url``). An answer of another shape is refused, never taken for an empty list.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date

from deliver.lapor.v3 import LaporV3, NothingThere
from deliver.read_back import CannotList, Listed
from deliver.settings import LaporSettings
from deliver.target import NoAnswer
from normalizer.identity import parse_reference

#: 10,000 pages of a hundred: more complaints than a regency has in a century.
_MAX_PAGES = 10_000
#: The names under which known calls give an id, and the words in which our reference stands.
_ID_NAMES = ("complaint_id", "id", "tracking_id")
_TEXT_NAMES = ("content", "title")


class V3ReadBack:
    """Implements ``deliver.read_back.ReadBack`` over an open ``LaporV3``."""

    def __init__(self, lapor: LaporV3, settings: LaporSettings, reference_prefix: str) -> None:
        self._lapor = lapor
        self._settings = settings
        self._prefix = reference_prefix

    async def exists(self, tracking_id: str) -> bool:
        """See ``ReadBack.exists``."""
        try:
            await self._lapor.read(self._settings.detail_path.format(complaint_id=tracking_id))
        except NothingThere:
            return False
        return True

    async def listed(self, first: date | None, last: date | None) -> AsyncIterator[Listed]:
        """See ``ReadBack.listed``. Pages are asked for one after the other."""
        if not self._settings.list_path:
            raise CannotList("[lapor] list_path is not set")
        for page in range(1, _MAX_PAGES + 1):
            path = self._path(page, first, last)
            results = _part(await self._lapor.read(path), "results")
            rows = _part(results, "data")
            if not isinstance(rows, list):
                raise NoAnswer("a list of another shape")
            for row in rows:
                yield self._listed(row)
            if not _part(results, "next_page_url"):
                return
        raise NoAnswer("a list without an end")

    def _path(self, page: int, first: date | None, last: date | None) -> str:
        values = {
            "{page}": str(page),
            "{first}": first.isoformat() if first else "",
            "{last}": last.isoformat() if last else "",
        }
        path = self._settings.list_path
        for name, value in values.items():
            path = path.replace(name, value)
        return path

    def _listed(self, row: object) -> Listed:
        values = row if isinstance(row, Mapping) else {}
        found = next((str(values[name]) for name in _ID_NAMES if values.get(name)), "")
        if not found.isdigit():
            raise NoAnswer("a row without an id")
        texts = [str(values.get(name) or "") for name in _TEXT_NAMES]
        references = (parse_reference(text, self._prefix) for text in texts)
        return Listed(found, next((one for one in references if one), None))


def _part(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
