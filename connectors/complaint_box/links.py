"""The address of a post, as far as it says which post it is."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

#: What apps hang on when somebody presses "share"; it names the sharer, not the post.
_TRACKING = re.compile(r"(utm_.*|fbclid|gclid|igshid?|si|mibextid|ref|ref_src|rdid|share_url|__.*)")
_MOBILE = re.compile(r"^(www|m|mobile|web|mbasic|touch)\.")
_LONGEST = 2000


def is_link(text: str) -> bool:
    """Whether it is a whole web address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and "." in (parts.hostname or "")
        and len(text) <= _LONGEST
        and not re.search(r"\s", text)
    )


def canonical(link: str) -> str:
    """The same for the same post, whoever shared it from whichever device."""
    parts = urlsplit(link)
    host = _MOBILE.sub("", (parts.hostname or "").lower())
    query = [
        (name, value) for name, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(name)
    ]
    return urlunsplit(("https", host, parts.path.rstrip("/"), urlencode(sorted(query)), ""))
