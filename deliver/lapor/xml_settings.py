"""Settings of LAPOR's old XML call."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.errors import Misconfigured
from gateway.settings import Section, section_config


class LaporXmlSettings(Section):
    """``[lapor_xml]``: ``POST /api/stream/addstream`` as public code of 2018 calls it.

    Whether LAPOR still takes it must be asked of its operators. ``v3`` is the way to go where it
    can be had: this call knows no title, date, place, agency, category or attachment.
    """

    table = "lapor_xml"
    model_config = section_config("lapor_xml")

    base_url: str = ""
    #: Written with its braces: ``{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}``.
    token: SecretStr = SecretStr("")
    add_path: str = "/api/stream/addstream"
    #: A page that can be read without writing anything: is LAPOR there?
    check_path: str = "/"

    #: ``reporter``: a known reporter goes along by name; ``office``: never.
    reporter_as: Literal["reporter", "office"] = "reporter"
    #: First name, mail and phone that stand for reporters who are not named.
    office_name: Annotated[str, Field(min_length=1)] = "Tanpa nama"
    office_email: str = ""
    office_phone: str = ""

    #: As for v3: creation has been seen to take more than a minute.
    connect_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    total_timeout_seconds: Annotated[float, Field(gt=0)] = 90.0

    @model_validator(mode="after")
    def _connects_before_it_gives_up(self) -> Self:
        if self.connect_timeout_seconds > self.total_timeout_seconds:
            raise ValueError("connect_timeout_seconds must not exceed total_timeout_seconds")
        return self

    def require_complete(self) -> None:
        """Check what mode ``xml_stream`` cannot do without.

        Raises:
            Misconfigured: names every key that is missing.
        """
        present = {"base_url": self.base_url, "token": self.token.get_secret_value()}
        missing = [key for key, value in present.items() if not value]
        if missing:
            raise Misconfigured(
                f"[lapor_xml]: mode xml_stream needs {', '.join(missing)}; "
                'ask the LAPOR! operators for them, or set mode = "assisted" in [deliver]'
            )
        token = self.token.get_secret_value()
        if not (token.startswith("{") and token.endswith("}")):
            raise Misconfigured("[lapor_xml]: token is written with its braces: {XXXXXXXX-...}")
