"""Our own address as a provider called it, for the signatures that cover it.

Behind a proxy no header tells it reliably, so it is made of ``public_base_url`` in ``[web]``.
"""

from urllib.parse import SplitResult, urlsplit

from connectors.sms.payload import query_bytes
from gateway.contract import WebRequest

_DEFAULT_PORTS = {"http": 80, "https": 443}


def called_addresses(
    public_base_url: str, request: WebRequest, *, query: bool = True
) -> list[bytes]:
    """As configured, without its port, and with the default one: providers sign any of them."""
    base = urlsplit(public_base_url.rstrip("/"))
    tail = request.path.encode()
    if query and request.query:
        tail += b"?" + query_bytes(request)
    hosts = {base.netloc, base.hostname or "", _with_port(base)}
    return [f"{base.scheme}://{host}{base.path}".encode() + tail for host in sorted(hosts) if host]


def _with_port(base: SplitResult) -> str:
    return f"{base.hostname}:{base.port or _DEFAULT_PORTS.get(base.scheme, 443)}"
