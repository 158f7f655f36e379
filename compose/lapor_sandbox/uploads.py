"""Files in a multipart request: measured and hashed; the bytes themselves are let go."""

import asyncio
import hashlib
import mimetypes
import re
from collections.abc import Sequence

from aiohttp import web

from compose.lapor_sandbox.store import FileKind, NewFile

#: No limit of LAPOR!'s is known. 32 MiB takes six files of the 5 MB that its client allows.
MAX_REQUEST_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Malformed(Exception):
    """A body that its own content type does not describe. Reaction: 400."""


async def read_form(
    request: web.Request, file_field: re.Pattern[str]
) -> tuple[dict[str, str], Sequence[NewFile]]:
    """The text parts and the files whose part name matches; other files are passed over.

    Raises:
        Malformed: not a readable form, such as a multipart type without its boundary.
    """
    try:
        form = await request.post()
    except (ValueError, AssertionError):
        raise Malformed from None
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    uploaded = [
        value
        for name, value in form.items()
        if isinstance(value, web.FileField) and file_field.fullmatch(name)
    ]
    return texts, [await asyncio.to_thread(_measure, field) for field in uploaded]


def _measure(field: web.FileField) -> NewFile:
    digest = hashlib.sha256()
    size_bytes = 0
    with field.file as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    media_type = field.content_type
    if media_type == "application/octet-stream":
        media_type = mimetypes.guess_type(field.filename)[0] or media_type
    kind: FileKind = "images" if media_type.startswith("image/") else "docs"
    return NewFile(kind, field.filename, size_bytes, digest.hexdigest())
