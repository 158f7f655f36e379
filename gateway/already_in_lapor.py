"""Settings of the rules by which an item counts as LAPOR's already."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.settings import Section, section_config
from normalizer.already_in_lapor import Pattern, Rule
from normalizer.event import Channel


def _usable(pattern: str) -> str:
    """A BadPattern is a ValueError: pydantic names the key and passes its message on."""
    Pattern(pattern)
    return pattern


class LaporRule(BaseModel):
    """One of ``[[already_in_lapor.rules]]``; see ``normalizer.already_in_lapor.Rule``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Channel, ...] = ()
    accounts: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    #: Words with ``{id}`` for the tracking id and ``{*}`` for up to 80 characters of a line.
    pattern: Annotated[str, AfterValidator(_usable)] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.pattern is None and not (self.channels or self.accounts or self.senders):
            # It would take everything out of the entering.
            raise ValueError("a rule without pattern needs channels, accounts or senders")
        return self


class AlreadyInLaporSettings(Section):
    """``[already_in_lapor]``: what is linked to LAPOR and reconciled, never entered."""

    table = "already_in_lapor"
    model_config = section_config("already_in_lapor")

    #: None by default: how 1708 hands on must be asked of KemenPANRB first.
    rules: Annotated[tuple[LaporRule, ...], Field(max_length=100)] = ()

    def as_rules(self) -> tuple[Rule, ...]:
        """As the normalizer takes them."""
        return tuple(
            Rule(
                channels=frozenset(rule.channels),
                accounts=frozenset(rule.accounts),
                senders=frozenset(one.strip().lstrip("@").casefold() for one in rule.senders),
                pattern=Pattern(rule.pattern) if rule.pattern is not None else None,
            )
            for rule in self.rules
        )
