"""A folder of wire samples: one folder for each platform, one JSON file for each case.

A case has a ``request`` (or ``requests``, one after the other), or only a ``signature``; and what
is expected of it in ``expect`` or, field by field, in ``extract``. Mails stand beside as ``.eml``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """One file."""

    platform: str
    name: str
    told: Mapping[str, Any]
    #: Of a mail.
    raw: bytes = b""

    @property
    def kind(self) -> str:
        """``message``, ``status``, ``echo``, ``edit``, ``signature``, ..."""
        return str(self.told["kind"])

    @property
    def requests(self) -> Sequence[Mapping[str, Any]]:
        """What the platform sends, in order."""
        if "requests" in self.told:
            requests: Sequence[Mapping[str, Any]] = self.told["requests"]
            return requests
        return [self.told["request"]] if "request" in self.told else []

    @property
    def signature(self) -> Mapping[str, Any]:
        """The secret and what is signed; empty where the platform signs nothing."""
        found: Mapping[str, Any] = self.told.get("signature", {})
        return found

    @property
    def expect(self) -> Mapping[str, Any]:
        """What must come out."""
        found: Mapping[str, Any] = self.told.get("expect", {})
        return found

    @property
    def extract(self) -> Mapping[str, Any]:
        """Fields as the platform's own libraries read them."""
        found: Mapping[str, Any] = self.told.get("extract", {})
        return found


def read_cases(directory: Path) -> Iterator[Case]:
    """Every case below the directory, in order of its files."""
    for path in sorted(directory.glob("*/*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        raw = (path.parent / told["file"]).read_bytes() if "file" in told else b""
        yield Case(path.parent.name, path.stem, told, raw)
