"""Settings of the operators' pages."""

from typing import Annotated

from pydantic import Field

from gateway.settings import Section, section_config


class ConsoleSettings(Section):
    """``[console]``: the operators' pages, on ``[deliver] internal_host`` and ``internal_port``."""

    table = "console"
    model_config = section_config("console")

    enabled: bool = True
    #: The first part of its addresses, where a proxy shares one host name among several sites.
    base_path: Annotated[str, Field(pattern=r"^(/[a-z0-9-]+)+$")] = "/konsol"
    #: Stands at the head of every page.
    office_name: str = "Sekretariat Pengaduan"
    #: A login lasts at most so long; without use it ends after `[auth] session_idle_minutes`.
    session_hours: Annotated[int, Field(ge=1, le=24)] = 10
    #: Browsers take such a cookie on 127.0.0.1 as well (but for Safari), elsewhere over TLS only.
    secure_cookies: bool = True
