"""What the tables under ``[sms]`` are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

#: Shorter ones are guessed; an empty secret file would otherwise switch the check off.
_SHORTEST_SECRET = 8

Secret = Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]


class SettingsPart(BaseModel):
    """A table inside ``[sms]``: frozen, and closed against misspelt keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldEquals(SettingsPart):
    """True of an item whose ``field`` is ``equals``, or one of them, read as text."""

    #: In JSON a dot steps inside: ``data.event_type``.
    field: str
    equals: str | tuple[str, ...]

    def holds(self, value: str | None) -> bool:
        """Whether the field's value is one of those that were named."""
        wanted = (self.equals,) if isinstance(self.equals, str) else self.equals
        return value in wanted
