"""``make channel NAME=siaga``: the files and failing tests of a new channel.

What it writes runs: the channel can be switched on, refuses everything as forged, and its tests
fail with the sentence that says what to do next.
"""

import argparse
import re
import sys
from pathlib import Path
from string import Template

from connectors.registry import REGISTRY

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")

_FILES = {
    "connectors/$name/__init__.py": '''\
"""$title: which platform, the name of its manual, and one sample item.

Sample (invented)::

    {"id": "1", "from": "081200009001", "text": "Jalan rusak di Desa Babadan Kec. Paron"}
"""
''',
    "connectors/$name/settings.py": '''\
"""``[$name]``: the accounts of the channel."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.settings import Section, section_config


class Account(BaseModel):
    """One of our addresses on the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The last part of its address, ``/$name/<name>``.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$$")]
    secret: Annotated[SecretStr, Field(min_length=8)]


class ${camel}Settings(Section):
    """``[$name]``."""

    table = "$name"
    model_config = section_config("$name")

    accounts: tuple[Account, ...] = ()
''',
    "connectors/$name/payload.py": '''\
"""The platform's shape, and its way to drafts. All of it is pure."""

from gateway.contract import Item
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel


def to_items(account: str, raw: bytes) -> tuple[Item, ...]:
    """Every item of one request; what cannot be read is a ``Rejection`` of its own."""
    # Until this reads the platform's payload everything is kept, sealed, as unreadable.
    return (
        Rejection(
            channel=Channel.OTHER, account=account, reason=RejectionReason.UNREADABLE, raw=raw
        ),
    )
''',
    "connectors/$name/connector.py": '''\
"""The addresses that $title calls: ``/$name/<account>``."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from connectors.$name.payload import to_items
from connectors.$name.settings import Account, ${camel}Settings
from gateway.contract import Route, WebReply, WebRequest
from gateway.errors import Forged
from gateway.settings import ConfigFile
from normalizer.event import Channel


def verify(account: Account, request: WebRequest) -> None:
    """Over the raw bytes, in constant time. Until it is written every request is forged."""
    raise Forged


def read(account: Account, request: WebRequest) -> WebReply:
    """The items, and the answer that the platform wants."""
    return WebReply(to_items(account.name, request.body))


@dataclass(frozen=True, slots=True)
class ${camel}Connector:
    """Every account of ``[$name]``."""

    accounts: tuple[Account, ...]

    def routes(self) -> Sequence[Route]:
        """One for every account."""
        return [
            Route(
                method="POST",
                path=f"/$name/{account.name}",
                channel=Channel.OTHER,
                account=account.name,
                verify=partial(verify, account),
                read=partial(read, account),
            )
            for account in self.accounts
        ]


def build(config: ConfigFile) -> Sequence[${camel}Connector]:
    """The connector; none when no account is set up.

    Raises:
        Misconfigured: a setting is wrong.
    """
    accounts = config.load(${camel}Settings).accounts
    return (${camel}Connector(accounts),) if accounts else ()
''',
    "tests/connectors/$name/__init__.py": '''\
"""Tests of $title."""
''',
    "tests/connectors/$name/test_payload.py": '''\
"""Pairs of what the platform sends and the drafts that come of it."""

import json
from pathlib import Path

import pytest

from connectors.$name.payload import to_items
from normalizer.draft import Draft

PAIRS = sorted((Path(__file__).parents[2] / "payloads" / "$name").glob("*.json"))


def test_five_pairs_are_there() -> None:
    assert len(PAIRS) >= 5, "put five anonymous items into tests/payloads/$name"


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_pair(path: Path) -> None:
    pair = json.loads(path.read_text(encoding="utf-8"))
    items = to_items("a", pair["body"].encode())
    assert [item.text_raw for item in items if isinstance(item, Draft)] == pair["texts"]
''',
    "tests/payloads/$name/normal.json": """\
{
  "body": "{\\"id\\": \\"1\\", \\"from\\": \\"081200009001\\", \\"text\\": \\"Jalan rusak\\"}",
  "texts": ["Jalan rusak"]
}
""",
}


def scaffold(name: str, root: Path) -> list[Path]:
    """Write the files of a channel below ``root``; returns their paths.

    Raises:
        ValueError: the name cannot be a module, or the channel is there.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a channel's name; use a-z, 0-9 and _, e.g. siaga")
    if name in REGISTRY or (root / "connectors" / name).exists():
        raise ValueError(f"the channel {name} is there already")
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    words["camel"] = "".join(part.capitalize() for part in name.split("_"))
    written = []
    for template, content in _FILES.items():
        path = root / Template(template).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(content).substitute(words), encoding="utf-8")
        written.append(path)
    return written


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make channel NAME=...", description=__doc__)
    parser.add_argument("name")
    name = parser.parse_args().name
    try:
        written = scaffold(name, Path.cwd())
    except ValueError as error:
        sys.stderr.write(f"make channel: {error}\n")
        return 64
    for path in written:
        sys.stdout.write(f"{path}\n")
    sys.stdout.write(
        f'\nNext: add "{name}": "connectors.{name}" to connectors/registry.py,\n'
        f"then make tests/connectors/{name} pass. CONTRIBUTING.md has the steps.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
