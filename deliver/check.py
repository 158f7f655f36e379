"""Deliver's part of ``gateway check``: the ledger, and whether LAPOR answers to our credentials."""

import asyncio
from collections.abc import Callable

from deliver.assembly import make_target, opened_ledger
from deliver.settings import DeliverSettings
from deliver.target import Busy, CredentialsRefused, NoAnswer, TargetFault, Unreachable
from gateway.errors import GatewayFault
from gateway.settings import ConfigFile

_WORDS: dict[type[TargetFault], str] = {
    Busy: "it asks us to wait; try again later",
    Unreachable: "no connection; check base_url in [lapor] or [lapor_xml], and the network",
    NoAnswer: "it is there but gives no usable answer; ask its operators whether it is well",
    CredentialsRefused: "it refuses bearer or token; renew them in [lapor]",
}


def check_deliver(config: ConfigFile, say: Callable[[str], None]) -> bool:
    """Try ledger and target and say how it went, a line each; True when all is well."""
    return all([_tried("ledger", _ledger, config, say), _tried("LAPOR!", _lapor, config, say)])


def _tried(
    name: str, step: Callable[[ConfigFile], str], config: ConfigFile, say: Callable[[str], None]
) -> bool:
    try:
        said = step(config)
    except TargetFault as fault:
        words = next((words for kind, words in _WORDS.items() if isinstance(fault, kind)), None)
        say(f"✗ {name}: {words or type(fault).__name__}")
    except GatewayFault as fault:
        say(f"✗ {name}: {fault}")
    else:
        say(f"✓ {name}: {said}")
        return True
    return False


def _ledger(config: ConfigFile) -> str:
    with opened_ledger(config, may_migrate=True) as ledger:
        counts = ledger.queries.counts()
    return f"{sum(counts.values())} complaints"


def _lapor(config: ConfigFile) -> str:
    settings = config.load(DeliverSettings)
    target = make_target(config)
    if target is None:
        how = "gateway entry next" if settings.mode == "assisted" else "gateway lapor export"
        return f"mode {settings.mode}: people enter with `{how}`"

    async def ask() -> None:
        await target.open()
        try:
            await target.check()
        finally:
            await target.close()

    asyncio.run(ask())
    if settings.mode == "xml_stream":
        return "mode xml_stream: it is there; only an entry can show whether it takes our token"
    return f"mode {settings.mode}: answers to our credentials"
