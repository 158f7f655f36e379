"""What some systems of record can do beside ``Target``: be read back, for the three-way match."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from deliver.target import TargetFault


@dataclass(frozen=True, slots=True)
class Listed:
    """A complaint that the target has, and our reference if its text carries one."""

    tracking_id: str
    reference: str | None


class CannotList(TargetFault):
    """The target has no list, only single complaints. Reaction: ask for each of ours."""


class ReadBack(Protocol):
    """Reading only. It neither waits nor retries by itself."""

    async def exists(self, tracking_id: str) -> bool:
        """Whether the target has a complaint under this id.

        Raises:
            Busy, Unreachable, NoAnswer, Refused, CredentialsRefused.
        """
        ...

    def listed(self, first: date | None, last: date | None) -> AsyncIterator[Listed]:
        """What the target took in those local days, both included; None is open.

        Raises, while iterating:
            CannotList: there is no such list.
            Busy, Unreachable, NoAnswer, Refused, CredentialsRefused.
        """
        ...
