"""Sound: the tags go (names, places, covers, comments), the sound stays bit by bit."""

import io
import struct

from mutagen import apev2, id3
from mutagen.aac import AAC
from mutagen.mp3 import MP3
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

#: RIFF chunks that a player needs; LIST, bext, iXML, id3 and the like are notes.
_WAVE_CHUNKS = frozenset({b"fmt ", b"fact", b"data"})
_MOST_TAGS = 8


def clean_mpeg(content: bytes, media_type: str) -> Copy:
    """MP3, and AAC in ADTS: without ID3 (both versions) and APE tags."""
    file = io.BytesIO(content)
    for _ in range(_MOST_TAGS):
        # One call takes one tag of each kind; some programs stack them.
        before = len(file.getvalue())
        id3.delete(file)
        file.seek(0)
        apev2.delete(file)
        file.seek(0)
        if len(file.getvalue()) == before:
            break
    else:
        raise CopyWithheld(Withheld.DAMAGED)
    bare = file.getvalue()
    if bare.startswith((b"ID3", b"APETAGEX")):
        raise CopyWithheld(Withheld.DAMAGED)
    # Raises when there is no sound in it, or another kind of sound.
    if media_type == "audio/aac":
        AAC(io.BytesIO(bare))  # type: ignore[no-untyped-call]
    else:
        MP3(io.BytesIO(bare))  # type: ignore[no-untyped-call]
    return Copy(bare, media_type)


def clean_ogg(content: bytes, media_type: str) -> Copy:
    """Opus and Vorbis: without comments and cover."""
    file = io.BytesIO(content)
    sound = (OggOpus if content[28:].startswith(b"OpusHead") else OggVorbis)(file)
    file.seek(0)
    sound.delete(file)
    return Copy(file.getvalue(), media_type)


def clean_wav(content: bytes, media_type: str) -> Copy:
    """RIFF: format and sound, nothing else."""
    kept = bytearray()
    found: set[bytes] = set()
    place = 12
    while place + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, place)
        # A recorder that was cut off announces more than it wrote.
        body = content[place + 8 : place + 8 + size]
        if kind in _WAVE_CHUNKS and kind not in found:
            found.add(kind)
            kept += struct.pack("<4sI", kind, len(body)) + body + b"\x00" * (len(body) % 2)
        place += 8 + size + size % 2
    if not {b"fmt ", b"data"} <= found:
        raise CopyWithheld(Withheld.DAMAGED)
    return Copy(struct.pack("<4sI4s", b"RIFF", len(kept) + 4, b"WAVE") + kept, media_type)
