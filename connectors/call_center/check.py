"""Says how each telephone system is to be set up, and tries where its recordings are."""

from collections.abc import Sequence

from connectors.call_center.settings import Account, CallCenterSettings
from gateway.errors import GatewayFault
from gateway.http import Outgoing, OutgoingFault
from gateway.settings import ConfigFile, WebSettings


async def check(config: ConfigFile) -> Sequence[str]:
    """A line for each account.

    Raises:
        GatewayFault: the server of the recordings does not answer.
    """
    base_url = config.load(WebSettings).public_base_url
    return [await _one(account, base_url) for account in config.load(CallCenterSettings).accounts]


async def _one(account: Account, base_url: str) -> str:
    said = f"{account.name}: register {base_url}/call/{account.name} (POST)"
    if account.recordings_url is None:
        return f"{said}; recordings are not fetched (no recordings_url)"
    outgoing = Outgoing([account.recordings_url])
    try:
        await outgoing.call("HEAD", account.recordings_url)
    except OutgoingFault as fault:
        raise GatewayFault(
            f"{account.name}: the server of the recordings does not answer "
            f"({type(fault).__name__}); check recordings_url"
        ) from None
    finally:
        await outgoing.close()
    return f"{said}; the server of the recordings answers"
