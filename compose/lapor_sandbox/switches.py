"""The faults that can be switched on: a closed list, each at will or for the next N creates."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SwitchName = Literal[
    "delay_seconds",
    "fail_500",
    "fail_500_after_write",
    "busy_429",
    "busy_503",
    "hang_after_write",
    "reset_after_write",
    "refuse_credentials",
    "refuse_content_containing",
    "response_shape",
]


class Switches(BaseModel):
    """The state of every switch. What is left out is off.

    ``times`` counts down: a switch named there goes off by itself after that many uses. A use is
    a create that felt the fault; for ``refuse_credentials`` it is any call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The known client waits 90 s in all; ten minutes is beyond every client's patience.
    delay_seconds: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 0
    fail_500: bool = False
    fail_500_after_write: bool = False
    busy_429: bool = False
    busy_503: bool = False
    #: Told with ``busy_429`` and ``busy_503``.
    retry_after_seconds: Annotated[int, Field(ge=0, le=3600)] = 1
    hang_after_write: bool = False
    reset_after_write: bool = False
    refuse_credentials: bool = False
    refuse_content_containing: str = ""
    #: Where the new id stands: ``complaint_id``, or ``results.complaint.id``.
    response_shape: Literal["root", "nested"] = "root"
    times: dict[SwitchName, Annotated[int, Field(ge=1)]] = {}

    def is_on(self, name: SwitchName) -> bool:
        """Whether the switch stands otherwise than at its default."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    @model_validator(mode="after")
    def _counts_belong_to_switches_that_are_on(self) -> "Switches":
        idle = sorted(name for name in self.times if not self.is_on(name))
        if idle:
            raise ValueError(f"times is given for a switch that is off: {', '.join(idle)}")
        return self


class SwitchBoard:
    """Holds the present state; in memory only, so that a restart heals everything."""

    def __init__(self) -> None:
        self.current = Switches()

    def take(self, name: SwitchName) -> bool:
        """True when the switch is on; that counts as one use."""
        if not self.current.is_on(name):
            return False
        remaining = self.current.times.get(name)
        if remaining is not None:
            self._count_down(name, remaining - 1)
        return True

    def _count_down(self, name: SwitchName, remaining: int) -> None:
        times = {key: count for key, count in self.current.times.items() if key != name}
        change: dict[str, object] = {"times": times}
        if remaining:
            times[name] = remaining
        else:
            change[name] = Switches.model_fields[name].default
        self.current = self.current.model_copy(update=change)
