"""What the sandbox is started with: command line, then environment, then ``/run/secrets``."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """Frozen. ``port`` is ``LAPOR_SANDBOX_PORT`` in the environment, and so on.

    The credentials have well-known defaults: nothing behind them is worth protecting, and a
    client must send them all the same.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="LAPOR_SANDBOX_", env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    #: 0 takes any free port; the one taken is printed at start.
    port: Annotated[int, Field(ge=0, le=65_535)] = 8090
    db: Path = Path("lapor-sandbox.sqlite3")
    bearer: Annotated[SecretStr, Field(min_length=1)] = SecretStr("sandbox-bearer")
    #: LAPOR! writes its tokens with the braces.
    token: Annotated[SecretStr, Field(min_length=1)] = SecretStr(
        "{00000000-0000-0000-0000-000000000000}"
    )
