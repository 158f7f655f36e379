"""``python -m compose.healthcheck URL...``: exit code 0 when every URL answers 200 in time."""

import http.client
import sys
import urllib.parse

#: Less than the 5 s that the container engine gives the whole check.
_TIMEOUT_SECONDS = 2.0


def is_healthy(url: str) -> bool:
    """Whether the ``http://host:port/path`` answers 200."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(urls: list[str]) -> int:
    """1 when one of the URLs is not healthy, or when none is named; each is named on stderr."""
    unhealthy = [url for url in urls if not is_healthy(url)]
    for url in unhealthy:
        sys.stderr.write(f"{url} does not answer 200\n")
    return 1 if unhealthy or not urls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
