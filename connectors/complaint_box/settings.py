"""``[complaint_box]``: the boxes of the regency, and what an import takes for granted."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.complaint_box.payload import TypedChannel
from gateway.settings import Section, section_config
from normalizer.event import Channel

AccountId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]


class Box(BaseModel):
    """One complaint box. The id goes into events and never changes; the name may."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: AccountId
    name: Annotated[str, Field(min_length=1, max_length=80)]


class ComplaintBoxSettings(Section):
    """``[complaint_box]``: the form at ``/petugas`` and the import of tables."""

    table = "complaint_box"
    model_config = section_config("complaint_box")

    enabled: bool = False
    #: The account of everything that came by no box, and of boxes when none is listed.
    office: AccountId = "kantor"
    #: Stands in the head of the pages.
    office_name: Annotated[str, Field(min_length=1, max_length=80)] = "Sekretariat Pengaduan"
    boxes: tuple[Box, ...] = ()
    #: What an imported row is when its table has no column ``sumber``.
    import_channel: TypedChannel = Channel.COMPLAINT_BOX
    #: A year of complaints is about a hundred rows; a table beyond this is the wrong file.
    import_max_rows: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    #: Ten thousand rows of long letters.
    import_max_bytes: Annotated[int, Field(ge=1024)] = 20 * 1024 * 1024

    @model_validator(mode="after")
    def _ids_differ(self) -> "ComplaintBoxSettings":
        ids = [self.office, *(box.id for box in self.boxes)]
        if len(set(ids)) != len(ids):
            raise ValueError("office and boxes: every id must be there once")
        return self

    def box(self, named: str) -> Box | None:
        """The box of that id or, without regard to case, of that name."""
        wanted = named.strip().casefold()
        return next((box for box in self.boxes if wanted in (box.id, box.name.casefold())), None)
