"""Which offsets may be committed: only those before which everything is settled."""

from collections.abc import Mapping

from gateway.log import Position


class Offsets:
    """The records of one subscription that were taken, and which of them are settled."""

    def __init__(self) -> None:
        self._open: dict[int, dict[int, None]] = {}
        self._last: dict[int, int] = {}
        self._committed: dict[int, int] = {}

    def taken(self, position: Position) -> None:
        """A record was fetched. Called in the order of the offsets."""
        self._open.setdefault(position.partition, {})[position.offset] = None
        self._last[position.partition] = position.offset
        self._committed.setdefault(position.partition, position.offset)

    def settled(self, position: Position) -> None:
        """Nothing more will be done for the record; unknown positions are passed over."""
        self._open.get(position.partition, {}).pop(position.offset, None)

    def committable(self) -> Mapping[int, int]:
        """Per partition the next offset to read, where it has moved."""
        reached = {
            partition: next(iter(self._open[partition]), last + 1)
            for partition, last in self._last.items()
        }
        return {
            partition: offset
            for partition, offset in reached.items()
            if offset > self._committed[partition]
        }

    def committed(self, offsets: Mapping[int, int]) -> None:
        """The log confirmed these."""
        self._committed.update(offsets)
