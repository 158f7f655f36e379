"""What a cleaner gives back, and how it says that there is nothing to give."""

from dataclasses import dataclass, field

from normalizer.event import Withheld


@dataclass(frozen=True, slots=True)
class Copy:
    """What may leave the house."""

    content: bytes = field(repr=False)
    media_type: str


class CopyWithheld(Exception):
    """No copy of this leaves the house. Holds nothing of the content."""

    def __init__(self, reason: Withheld) -> None:
        super().__init__(reason.value)
        self.reason = reason
