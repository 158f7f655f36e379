"""The words of this mail, without the mails under it and the signature.

Line by line and in linear time. The libraries for this take quadratic time on long lines and
believe that a list ("- jalan rusak") is a signature; a complaint is often a list.
"""

import re
from collections.abc import Sequence

#: A line that introduces what was answered, in the languages of mail programs used here.
_WROTE = re.compile(
    # With a date or an address: "Pada musrenbang kami menulis:" is somebody's own sentence.
    r"(?=.*(?:\d|@))(?:pada\b.*\b(?:menulis|tulis)|on\b.*\bwrote|.{0,200}<[^<>\s]+@[^<>\s]+>\s*(?:menulis|wrote)"
    r"|\d{1,4}[-/. ].{0,200}\b(?:menulis|wrote))\s*:\s*$",
    re.IGNORECASE,
)
#: Gmail breaks the line before the address, so two lines may be one.
_WROTE_BEGINS = re.compile(r"(?:pada|on)\b.{0,300}$", re.IGNORECASE)
_MARKED = re.compile(
    r"[\s>]*-{2,}\s*(?:pesan asli|pesan awal|pesan sebelumnya|original message|original appointment"
    r"|reply message|balas pesan)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[\s>]*(?:-{2,}\s*(?:pesan (?:yang )?(?:diteruskan|terusan)|forwarded message"
    r"|pesan diteruskan)\s*-{2,}|begin forwarded message:|mulai pesan (?:yang )?diteruskan:)\s*$",
    re.IGNORECASE,
)
_UNDERLINE = re.compile(r"[_-]{20,}\s*$")
#: Outlook's block of fields. The first line, and what has to follow within the next ones.
_FROM_FIELD = re.compile(r"\*?(?:dari|from)\s*:\*?\s*\S", re.IGNORECASE)
_OTHER_FIELD = re.compile(
    r"\*?(?:terkirim|dikirim|sent|tanggal|date|kepada|ke|to|cc|subjek|perihal|subject)\s*:",
    re.IGNORECASE,
)
_FIELDS_WITHIN = 5
_SIGNATURE_LINES = 12
_SIGNATURE = re.compile(r"-- ?$")
_DEVICE = re.compile(
    r"(?:dikirim dari|sent from|terkirim dari|get outlook for|dapatkan outlook untuk"
    r"|dikirim menggunakan|sent with|sent via)\b.{0,120}$",
    re.IGNORECASE,
)
#: A line longer than this is prose; patterns are tried on the others only.
_MAX_LINE_CHARS = 500

_PREFIX = re.compile(
    r"\s*(?:(?:re|bls|balas|balasan|aw|sv|antw|fwd?|trs|terusan|diteruskan|wg)\s*"
    r"(?:\[\d{1,3}\])?\s*:\s*)",
    re.IGNORECASE,
)
_FORWARD_PREFIX = re.compile(r"\s*(?:fwd?|trs|terusan|diteruskan|wg)\s*:", re.IGNORECASE)


def bare_subject(subject: str) -> str:
    """Without ``Re:``, ``Bls:``, ``Fwd:``, however often they stand there."""
    while (match := _PREFIX.match(subject)) is not None:
        subject = subject[match.end() :]
    return subject.strip()


def is_answer_subject(subject: str) -> bool:
    """``Re:`` or the like, and no forwarding."""
    return _PREFIX.match(subject) is not None and not is_forward_subject(subject)


def is_forward_subject(subject: str) -> bool:
    """``Fwd:`` or the like."""
    return _FORWARD_PREFIX.match(subject) is not None


def own_words(text: str, *, is_answer: bool) -> str:
    """What this sender wrote this time.

    History is cut from answers only: in a mail that passes on another one, the other one is the
    complaint. If nothing is left, the whole text is returned.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if is_answer and not any(_matches(_FORWARDED, line) for line in lines):
        lines = _without_history(lines)
    kept = "\n".join(_without_signature(lines)).strip()
    return kept or text.strip()


def _without_history(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    index = 0
    while index < len(lines):
        if (length := _history_header(lines, index)) == 0:
            if not lines[index].startswith(">"):
                kept.append(lines[index])
            index += 1
            continue
        index += length
        after = next((line for line in lines[index:] if line.strip()), "")
        if not after.startswith(">"):
            break  # all that follows is the older mail
        # Quoted line by line: what is not quoted below is an answer under its question.
    return kept


def _history_header(lines: Sequence[str], index: int) -> int:
    """How many lines introduce an older mail here; 0: none."""
    line = lines[index].strip()
    if not line or len(line) > _MAX_LINE_CHARS:
        return 0
    if _WROTE.match(line) or _MARKED.match(line):
        return 1
    if _WROTE_BEGINS.match(line):
        for extra in (1, 2):
            joined = " ".join(one.strip() for one in lines[index : index + extra + 1])
            if len(joined) <= _MAX_LINE_CHARS and _WROTE.match(joined):
                return extra + 1
    if _FROM_FIELD.match(line) or _UNDERLINE.match(line):
        block = [one.strip() for one in lines[index : index + _FIELDS_WITHIN + 1]]
        fields = sum(1 for one in block if _matches(_OTHER_FIELD, one))
        if fields >= 2 and any(_matches(_FROM_FIELD, one) for one in block):
            return 1
    return 0


def _without_signature(lines: Sequence[str]) -> list[str]:
    kept = _without_end(lines)
    # Only at the end: a line of two dashes further up divides the text.
    for index in range(max(1, len(kept) - _SIGNATURE_LINES), len(kept)):
        if _SIGNATURE.match(kept[index]):
            return _without_end(kept[:index])
    return kept


def _without_end(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and (not kept[-1].strip() or _matches(_DEVICE, kept[-1].strip())):
        kept.pop()
    return kept


def _matches(pattern: re.Pattern[str], line: str) -> bool:
    return len(line) <= _MAX_LINE_CHARS and pattern.match(line) is not None
