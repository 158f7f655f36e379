"""``python -m gateway.cleaning``: one attachment in, its type and copy out, and the end.

Reads the bytes from standard input. Writes one line of JSON (``media_type``, ``withheld``) and
then the copy, if there is one.
"""

import json
import resource
import sys

from gateway.cleaning.apart import CPU_SECONDS, MEMORY_BYTES
from gateway.cleaning.cleaner import clean


def main() -> int:
    """Bound this process, then read what a stranger sent."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # It writes to its pipe alone: no file, no dump of its memory.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cleaned = clean(sys.stdin.buffer.read())
    head = {"media_type": cleaned.media_type, "withheld": cleaned.withheld}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + (cleaned.copy or b""))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
