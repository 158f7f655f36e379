"""The files of a posted form: photos of a slip, screenshots of a post."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web
from multidict import MultiDictProxy

from normalizer.draft import DraftAttachment

FIELD = "files"
MAX_FILES = 5
#: A photo of a present phone is 3 to 8 MB.
MAX_FILE_BYTES = 12 * 1024 * 1024
#: All files and the fields of one form.
MAX_FORM_BYTES = 40 * 1024 * 1024

Posted = MultiDictProxy[str | bytes | bytearray | web.FileField]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as the browser sent it. Its declared type is not believed."""

    name: str = field(repr=False)
    media_type: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


async def read_uploads(posted: Posted) -> tuple[Sequence[Upload], str | None]:
    """The files, and a sentence when they cannot be taken. No files is in order."""
    # A browser sends an empty file of no name when none is chosen.
    sent = [one for one in posted.values() if isinstance(one, web.FileField)]
    try:
        return await _read([one for one in sent if one.filename and one.name == FIELD])
    finally:
        for one in sent:
            one.file.close()


async def _read(fields: Sequence[web.FileField]) -> tuple[Sequence[Upload], str | None]:
    if len(fields) > MAX_FILES:
        return (), f"Paling banyak {MAX_FILES} lampiran. Pilih lagi lampirannya."
    uploads = []
    for one in fields:
        # Large files lie on disk here.
        content = await asyncio.to_thread(one.file.read, MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            return (), "Satu lampiran lebih besar dari 12 MB. Perkecil, lalu pilih lagi."
        if content:
            uploads.append(Upload(one.filename, one.content_type, content))
    return uploads, None


def as_attachments(uploads: Sequence[Upload]) -> tuple[DraftAttachment, ...]:
    """The files as the intake takes them."""
    return tuple(
        DraftAttachment(
            media_type=one.media_type,
            media_id=f"part:{number}",
            size_bytes=len(one.content),
            name=one.name,
            content=one.content,
        )
        for number, one in enumerate(uploads, start=1)
    )
