"""Every channel there is, as strings: a channel is imported when it is asked for.

A channel is a folder; what it has beside its connector stands in files of fixed names, listed here
where they are there. ``tests/architecture`` compares the lists with the folders.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from typing import Any

from gateway.contract import Call, Connector, Fetcher, Joins, Replier
from gateway.intake import Joiner
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: Name (also the table in gateway.toml) to the folder. Its ``connector`` has
#: ``build(config) -> Sequence[Connector]``, empty when the channel is switched off.
REGISTRY: Mapping[str, str] = {
    "sms": "connectors.sms",
    "telegram": "connectors.telegram",
    "meta": "connectors.meta",
    "x": "connectors.x",
    "mail": "connectors.mail",
    "call_center": "connectors.call_center",
    "complaint_box": "connectors.complaint_box",
}

#: With a ``reply`` module: ``build_repliers(config) -> Sequence[Replier]``.
REPLIERS: tuple[str, ...] = ("sms", "telegram", "meta", "x", "mail")
#: With a ``fetch`` module: ``build_fetchers(config) -> Sequence[Fetcher]``.
FETCHERS: tuple[str, ...] = ("sms", "telegram", "meta", "x", "call_center")
#: With a ``check`` module: ``async check(config) -> Sequence[str]``, one line for each thing tried;
#: raises GatewayFault with a sentence that says what to do.
CHECKS: tuple[str, ...] = ("sms", "telegram", "meta", "x", "mail", "call_center")
#: With a ``sample`` module: ``sample_calls(config, sender, text) -> Mapping[str, Call]``, a good
#: request for every route's path of the channel.
SAMPLES: tuple[str, ...] = ("sms", "telegram", "meta", "x", "call_center")

Check = Callable[[ConfigFile], Coroutine[None, None, Sequence[str]]]


def build_all(config: ConfigFile) -> tuple[Connector, ...]:
    """The connectors that the settings switch on.

    Raises:
        Misconfigured: a channel's settings are wrong.
    """
    return tuple(connector for name in REGISTRY for connector in build(name, config))


def build(name: str, config: ConfigFile) -> Sequence[Connector]:
    """The connectors of one channel. Raises Misconfigured."""
    built: Sequence[Connector] = _part(name, "connector").build(config)
    return built


def build_repliers(config: ConfigFile) -> tuple[Replier, ...]:
    """Everybody who can answer. Raises Misconfigured."""
    return tuple(one for name in REPLIERS for one in _part(name, "reply").build_repliers(config))


def build_fetchers(config: ConfigFile) -> tuple[Fetcher, ...]:
    """Everybody who can fetch attachments; call it inside a running loop. Raises Misconfigured."""
    return tuple(one for name in FETCHERS for one in _part(name, "fetch").build_fetchers(config))


def check_of(name: str) -> Check | None:
    """What tries the channel's connections; None when there is nothing to try."""
    found: Check | None = _part(name, "check").check if name in CHECKS else None
    return found


def sample_calls(name: str, config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every route of the channel's accounts."""
    calls: Mapping[str, Call] = _part(name, "sample").sample_calls(config, sender, text)
    return calls


def joiners(connectors: Sequence[Connector]) -> Mapping[Channel, Joiner]:
    """Who joins the pieces of which channel."""
    return {
        channel: connector.join
        for connector in connectors
        if isinstance(connector, Joins)
        for channel in connector.joined_channels
    }


def _part(name: str, file: str) -> Any:
    return import_module(f"{REGISTRY[name]}.{file}")
