"""How a closed day is hashed. Pure; whoever has the rows can recompute it in any language.

Digests are SHA-256 over JSON with sorted keys, without spaces, in UTF-8; times are UTC with
microseconds. Nothing of a complaint's text or of its sealed part goes in: an erasure leaves every
hash as it was.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypedDict

from sqlalchemy import RowMapping

#: What stands before the first day.
GENESIS = "0" * 64

#: Changes when what is hashed changes; older days keep theirs.
_VERSION = 1


class Manifest(TypedDict):
    """The digests of everything that a closing covers."""

    #: By the number of the line.
    lines: dict[str, str]
    #: By complaint id: what never changes about a complaint.
    complaints: dict[str, str]
    #: By complaint id: the tracking id of those that were entered by then, which is final.
    entered: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """One closing, as it stands in the ledger."""

    day: date
    closed_at: datetime
    closed_by: str
    #: The last line of history that it covers; it begins after the closing before.
    through_seq: int
    #: How many lines it covers.
    rows: int
    #: JSON, as it was hashed.
    numbers: str
    manifest: str
    previous_hash: str
    hash: str

    def computed_hash(self) -> str:
        """The hash of everything else that stands here."""
        return _digest(
            {
                "version": _VERSION,
                "day": self.day.isoformat(),
                "closed_at": _time(self.closed_at),
                "closed_by": self.closed_by,
                "through_seq": self.through_seq,
                "rows": self.rows,
                "numbers": self.numbers,
                "manifest": self.manifest,
                "previous_hash": self.previous_hash,
            }
        )


def canonical(value: object) -> str:
    """JSON in the one form that is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def line_digest(row: RowMapping) -> str:
    """Of a row of the transition table."""
    return _digest(
        [
            row["seq"],
            row["complaint_id"],
            _time(row["at"]),
            row["from_state"],
            row["to_state"],
            row["who"],
            row["actor"],
            row["reason"],
            row["note"],
        ]
    )


def complaint_digest(row: RowMapping) -> str:
    """Of what never changes in a row of the complaint table."""
    return _digest(
        [
            row["complaint_id"],
            row["reference"],
            row["channel"],
            row["content_hash"],
            _time(row["received_at"]),
            row["day"].isoformat(),
            row["log_topic"],
            row["log_partition"],
            row["log_offset"],
        ]
    )


def entered_digest(row: RowMapping) -> str:
    """Of where an entered complaint stands in LAPOR."""
    return _digest([row["complaint_id"], row["state"], row["tracking_id"]])


def read_manifest(text: str) -> Mapping[str, Mapping[str, str]]:
    """A manifest as it was written; raises ValueError when somebody made it unreadable."""
    found = json.loads(text)
    parts = ("lines", "complaints", "entered")
    if not (isinstance(found, dict) and all(isinstance(found.get(part), dict) for part in parts)):
        raise ValueError("no manifest")
    return {part: found[part] for part in parts}


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
