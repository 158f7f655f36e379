"""Every channel there is, as strings: a channel is imported when it is asked for."""

from importlib import import_module

from gateway.contract import Connector
from gateway.settings import ConfigFile

#: Name (also the table in gateway.toml) to the module whose ``build(config)`` makes it.
REGISTRY = {
    "sms": "connectors.sms.connector",
    "complaint_box": "connectors.complaint_box.connector",
}


def build_all(config: ConfigFile) -> tuple[Connector, ...]:
    """The connectors that the settings switch on.

    Raises:
        Misconfigured: a channel's settings are wrong.
    """
    built = (import_module(module).build(config) for module in REGISTRY.values())
    return tuple(connector for connector in built if connector is not None)
