"""Message-IDs of our own answers, which lead back to the mail that was answered.

A reporter who writes again usually carries both ids along (``References``). Some programs carry
only the last one: that is ours, and it holds the reporter's own.
"""

import base64
import binascii
import hashlib
import re

#: With more our id would be longer than servers carry back.
_MAX_WAY_BYTES = 120
_OWN = re.compile(
    r"<pintu-aduan\.([0-9a-f]{20})(?:\.([A-Za-z0-9_-]+))?@([^@<>\s]+)>", re.IGNORECASE
)


def own_message_id(key: str, answered: str | None, domain: str) -> str:
    """The same for the same ``Reply.key``. ``answered``: the source id of the reporter's mail."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:20]
    way = (answered or "").encode()
    if not way or len(way) > _MAX_WAY_BYTES:
        return f"<pintu-aduan.{digest}@{domain}>"
    return f"<pintu-aduan.{digest}.{base64.urlsafe_b64encode(way).decode().rstrip('=')}@{domain}>"


def is_own(message_id: str, domains: frozenset[str]) -> bool:
    """Whether we gave this id to an answer."""
    found = _OWN.fullmatch(message_id)
    return found is not None and found[3].lower() in domains


def way_back(message_id: str, domains: frozenset[str]) -> str | None:
    """The source id of the mail that our answer answered; None: not ours, or it does not tell."""
    found = _OWN.fullmatch(message_id)
    if found is None or found[3].lower() not in domains or found[2] is None:
        return None
    try:
        text = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return text if text.isprintable() and text else None


def domains_of(addresses: frozenset[str]) -> frozenset[str]:
    """What stands after the @ of our addresses."""
    return frozenset(address.rpartition("@")[2] for address in addresses)
