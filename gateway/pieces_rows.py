"""What is asked of and written into the file of pieces, inside a transaction of the caller."""

from dataclasses import dataclass, field
from typing import Any

import apsw

from gateway.pieces_rules import Family, Kind, Seen, is_repeat

#: No append takes longer (``[log] append_timeout_seconds``): who still tries is left alone.
CLAIM_MS = 30_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A piece as the file takes it."""

    name: bytes = field(repr=False)
    channel: str
    seen: Seen
    sealed: str = field(repr=False)
    #: For the item that the piece may begin.
    item_id: str = field(repr=False)
    total: int | None
    wait_ms: int
    restarts: bool
    named: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that the caller publishes; nobody else does for ``CLAIM_MS``."""

    group: int
    channel: str
    kind: Kind
    label: str | None
    item_id: str = field(repr=False)
    total: int | None
    #: Number and sealed content, by number.
    pieces: tuple[tuple[int, str], ...] = field(repr=False)


def families(db: apsw.Connection, name: bytes) -> list[Family]:
    """The items of a key, the newest first; pieces that went on their own count with theirs."""
    wholes: dict[int, tuple[bool, int | None]] = {}
    seen: dict[int, set[Seen]] = {}
    rows: list[Any] = db.execute(
        "SELECT id, parent, taken_at_ms, total FROM item WHERE name = ? ORDER BY id DESC", (name,)
    ).fetchall()
    for group, parent, taken_at_ms, total in rows:
        if parent is None:
            wholes[group] = (taken_at_ms is None, total)
        seen.setdefault(parent or group, set()).update(_seen(db, group))
    return [
        Family(
            group,
            is_open,
            is_full=len({one.number for one in seen[group]}) == total,
            seen=frozenset(seen[group]),
        )
        for group, (is_open, total) in wholes.items()
    ]


def _seen(db: apsw.Connection, group: int) -> frozenset[Seen]:
    rows = db.execute("SELECT number, content, source FROM piece WHERE item = ?", (group,))
    return frozenset(Seen(*row) for row in rows)


def begin(db: apsw.Connection, arrival: Arrival, now_ms: int) -> int:
    return _insert(
        db,
        name=arrival.name,
        channel=arrival.channel,
        kind=Kind.WHOLE,
        item_id=arrival.item_id,
        total=arrival.total,
        wait_ms=arrival.wait_ms,
        due_at_ms=now_ms + arrival.wait_ms,
    )


def begin_adding(
    db: apsw.Connection, parent: int, label: str, now_ms: int, kind: Kind = Kind.LATE
) -> int:
    name, channel, item_id = db.execute(
        "SELECT name, channel, item_id FROM item WHERE id = ?", (parent,)
    ).get
    return _insert(
        db,
        name=name,
        channel=channel,
        kind=kind,
        parent=parent,
        label=label,
        item_id=item_id,
        wait_ms=0,
        due_at_ms=now_ms,
    )


def _insert(db: apsw.Connection, **values: Any) -> int:
    names = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    # The names are those of our own keyword arguments.
    db.execute(f"INSERT INTO item ({names}) VALUES ({slots})", values)  # noqa: S608
    return db.last_insert_rowid()


def prolong(db: apsw.Connection, group: int, arrival: Arrival, now_ms: int) -> None:
    total, wait_ms, highest = db.execute(
        "SELECT total, wait_ms, (SELECT max(number) FROM piece WHERE item = id) "
        "FROM item WHERE id = ?",
        (group,),
    ).get
    if total is None and arrival.total is not None:
        db.execute("UPDATE item SET total = ? WHERE id = ?", (arrival.total, group))
    if arrival.restarts:
        if highest is None or arrival.seen.number > highest:
            wait_ms = arrival.wait_ms
        db.execute(
            "UPDATE item SET wait_ms = ?, due_at_ms = ? WHERE id = ?",
            (wait_ms, now_ms + wait_ms, group),
        )


def put(db: apsw.Connection, group: int, seen: Seen, sealed: str) -> None:
    db.execute(
        "INSERT INTO piece (item, number, content, source, sealed) VALUES (?, ?, ?, ?, ?)",
        (group, seen.number, seen.content, seen.source, sealed),
    )


def is_full(db: apsw.Connection, group: int) -> bool:
    return missing(db, group) == 0


def missing(db: apsw.Connection, group: int) -> int | None:
    """How many pieces have not come; None where nobody knows how many there are."""
    found: int | None = db.execute(
        "SELECT total - (SELECT count(*) FROM piece WHERE item = id) FROM item WHERE id = ?",
        (group,),
    ).get
    return found


def take(db: apsw.Connection, group: int, now_ms: int) -> Taken | None:
    """Claim an item; None for one that turns out to say nothing new, which is then forgotten."""
    name, channel, kind, label, item_id, total, taken_at_ms = db.execute(
        "SELECT name, channel, kind, label, item_id, total, taken_at_ms FROM item WHERE id = ?",
        (group,),
    ).get
    if taken_at_ms is None and kind == Kind.WHOLE:
        others = [one for one in families(db, name) if one.group != group and not one.is_open]
        if is_repeat(_seen(db, group), others):
            db.execute("DELETE FROM item WHERE id = ?", (group,))
            return None
    db.execute(
        "UPDATE item SET taken_at_ms = coalesce(taken_at_ms, :now), "
        "claimed_until_ms = :until WHERE id = :group",
        {"now": now_ms, "until": now_ms + CLAIM_MS, "group": group},
    )
    pieces: list[Any] = db.execute(
        "SELECT number, sealed FROM piece WHERE item = ? AND sealed IS NOT NULL ORDER BY number",
        (group,),
    ).fetchall()
    return Taken(group, channel, Kind(kind), label, item_id, total, tuple(pieces))


def erase(db: apsw.Connection, group: int, now_ms: int) -> None:
    db.execute("UPDATE piece SET sealed = NULL WHERE item = ?", (group,))
    db.execute("UPDATE item SET published_at_ms = ? WHERE id = ?", (now_ms, group))
