"""Settings of the deliver worker, its ledger and its way into LAPOR."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.errors import Misconfigured
from gateway.settings import Port, Section, section_config
from normalizer.event import Classification

#: The consumer group of every deliver worker; reconciliation reads its cursor.
GROUP = "deliver"

Scalar = str | int | bool | None


class LedgerSettings(Section):
    """``[ledger]``: where the record of every complaint is kept."""

    table = "ledger"
    model_config = section_config("ledger")

    #: Empty: ``ledger.db`` in the data directory. PostgreSQL: ``postgresql+psycopg://...``, which
    #: may hold a password and is therefore never printed.
    url: SecretStr = SecretStr("")
    #: False: the worker refuses to start on an older ledger until `gateway ledger migrate` ran.
    migrate_at_start: bool = True

    def address(self, data_dir: Path) -> str:
        """The SQLAlchemy URL."""
        return self.url.get_secret_value() or f"sqlite:///{data_dir / 'ledger.db'}"


class DeliverSettings(Section):
    """``[deliver]``: how the worker goes about it."""

    table = "deliver"
    model_config = section_config("deliver")

    #: ``v3``: LAPOR's API. ``xml_stream``: its old one. ``assisted``: people type it in.
    #: ``file``: people upload a file that `gateway lapor export` makes. May be changed at any time.
    mode: Literal["v3", "xml_stream", "assisted", "file"] = "assisted"
    #: Entries a minute that LAPOR permits, over time and in one go. 0: as fast as it answers.
    entries_per_minute: Annotated[float, Field(ge=0)] = 0.0
    entries_burst: Annotated[int, Field(ge=1)] = 10
    #: Entries side by side, each of another reporter. Creation takes seconds, volumes are small:
    #: 8 clear a disaster day's backlog without leaning on a slow system.
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    #: How long a complaint without a place waits for one. 0: never, since nobody asks back yet.
    hold_for_place_seconds: Annotated[int, Field(ge=0)] = 0
    internal_host: str = "127.0.0.1"
    internal_port: Port = 8082
    #: The first and the longest pause while LAPOR cannot be reached; it doubles in between.
    backoff_first_seconds: Annotated[float, Field(gt=0)] = 1.0
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 60.0
    #: The longest pause after sends without an answer: each try may cost an operator a look-up.
    no_answer_max_seconds: Annotated[float, Field(gt=0)] = 900.0
    #: How often the ledger is asked for work that no record brings (resends, ended holds).
    sweep_seconds: Annotated[float, Field(gt=0)] = 5.0
    #: What is being entered at a stop may finish within this; the supervisor kills later.
    stop_grace_seconds: Annotated[float, Field(gt=0)] = 25.0
    #: Stands in the history. Empty: host name and process id.
    worker_id: str = ""


class LaporSettings(Section):
    """``[lapor]``: the v3 JSON API behind the national gateway (SPLP).

    Its documentation is not public. Ids have no known meaning outside LAPOR and must come from
    its operators; header name, prefixes and encodings differ between known clients.
    """

    table = "lapor"
    model_config = section_config("lapor")

    base_url: str = ""
    bearer: SecretStr = SecretStr("")
    #: Written with its braces: ``{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}``.
    token: SecretStr = SecretStr("")
    bearer_header: Literal["Authorization", "auth"] = "Authorization"
    #: One known client sends the bare value: then empty.
    bearer_prefix: str = "Bearer "

    channel: Annotated[int, Field(ge=1)] | None = None
    classification_ids: Mapping[Classification, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict
    )
    #: The regency's own institution.
    disposition_id: Annotated[int, Field(ge=1)] | None = None
    category_id: Annotated[int, Field(ge=1)] | None = None
    #: "34 Nasional" in the known client; the place itself stands in the text.
    location_id: Annotated[int, Field(ge=1)] = 34
    #: The account under which complaints without a nameable reporter are entered.
    user_id: Annotated[int, Field(ge=1)] | None = None
    #: ``new_user``: a known reporter goes along by name; ``own_account``: never.
    reporter_as: Literal["new_user", "own_account"] = "new_user"
    #: For a reporter of whom only the number or the mail address is known.
    unnamed_reporter: Annotated[str, Field(min_length=1)] = "Tanpa nama"
    tags: str = ""
    #: Further fields of the create body, as LAPOR's operators prescribe them.
    extra_fields: Mapping[str, Scalar] = Field(default_factory=dict)
    #: How a list of file ids is written; known clients moved from the second to the first.
    attachments_encoding: Literal["json_text_with_stop", "json_text", "list"] = (
        "json_text_with_stop"
    )

    create_path: str = "/complaints/complaint"
    upload_path: str = "/complaints/complaint/file"
    detail_path: str = "/complaints/{complaint_id}/complaint"
    follow_up_path: str = "/complaints/followup/add"
    follow_ups_path: str = "/complaints/{complaint_id}/followups?page={page}"
    #: A list of what stands in LAPOR, page by page; no such call is publicly known. Empty: none.
    #: ``{page}``, ``{first}`` and ``{last}`` (days as 2026-03-02, or empty) are filled in.
    list_path: str = ""
    #: A list that can be read without writing anything: is LAPOR there?
    check_path: str = "/masters/institutions/external?page_size=1"

    #: What the known client settled on in December 2025, when creation had become slow.
    connect_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    total_timeout_seconds: Annotated[float, Field(gt=0)] = 90.0

    @model_validator(mode="after")
    def _connects_before_it_gives_up(self) -> Self:
        if self.connect_timeout_seconds > self.total_timeout_seconds:
            raise ValueError("connect_timeout_seconds must not exceed total_timeout_seconds")
        return self

    def require_complete(self) -> None:
        """Check what mode ``v3`` cannot do without.

        Raises:
            Misconfigured: names every key that is missing.
        """
        present: dict[str, object] = {
            "base_url": self.base_url,
            "bearer": self.bearer.get_secret_value(),
            "token": self.token.get_secret_value(),
            "channel": self.channel,
            "disposition_id": self.disposition_id,
            "category_id": self.category_id,
            "user_id": self.user_id,
        }
        missing = [key for key, value in present.items() if not value]
        missing += [
            f"classification_ids.{kind}"
            for kind in Classification
            if kind not in self.classification_ids
        ]
        if missing:
            raise Misconfigured(
                f"[lapor]: mode v3 needs {', '.join(missing)}; "
                'ask the LAPOR! operators for the ids, or set mode = "assisted" in [deliver]'
            )
