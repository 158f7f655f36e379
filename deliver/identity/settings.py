"""How long it is kept who complained."""

from typing import Annotated

from pydantic import Field

from gateway.settings import Section, section_config


class RetentionSettings(Section):
    """``[retention]``: what the worker erases by itself. Source: UU 27/2022 Pasal 16(2)g, 42."""

    table = "retention"
    model_config = section_config("retention")

    #: Days after a complaint was entered, linked or excluded. None: never by itself. No law names
    #: a number; the regency's own retention schedule (JRA) does.
    identity_days: Annotated[int, Field(ge=1)] | None = None
    #: Title and text go at the same time.
    with_text: bool = False
    #: How often it is looked for what is due.
    look_every_seconds: Annotated[float, Field(gt=0)] = 3600.0
