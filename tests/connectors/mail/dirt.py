"""Mails as they really come: a seeded generator of everything that is wrong with them."""

import base64
import random
from collections.abc import Callable
from email.message import EmailMessage

#: Smaller than any real picture, and enough to be one.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

Maker = Callable[[random.Random, str], bytes]


def dirty_mail(chance: random.Random, mark: str) -> bytes:
    """One mail whose text or headers hold ``mark``; other marks, other mails."""
    return chance.choice(MAKERS)(chance, mark)


def _head(mark: str, *more: str, message_id: bool = True) -> str:
    lines = [
        "From: Sri Rejeki Contoh <sri.contoh@warga.example>",
        "To: aduan@ngawi.example",
        f"Subject: Aduan {mark}",
        "Date: Mon, 02 Mar 2026 08:15:30 +0700",
        *([f"Message-ID: <{mark}@warga.example>"] if message_id else []),
        *more,
    ]
    return "\r\n".join(lines) + "\r\n"


def plain(_: random.Random, mark: str) -> bytes:
    return f"{_head(mark)}\r\nJalan Desa Babadan rusak. {mark}\r\n".encode()


def without_id(_: random.Random, mark: str) -> bytes:
    return f"{_head(mark, message_id=False)}\r\nLampu mati. {mark}\r\n".encode()


def shared_id(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "Message-ID: <same@program.example>", message_id=False)
    return f"{head}\r\nFormulir: {mark}\r\n".encode()


def bad_date(chance: random.Random, mark: str) -> bytes:
    date = chance.choice(["kemarin", "99 Foo 2026 25:61:00 +9999", "", "Mon, 31 Feb 2026"])
    return f"Date: {date}\r\n{_head(mark)}\r\nAir keruh. {mark}\r\n".encode()


def wrong_charset(chance: random.Random, mark: str) -> bytes:
    charset = chance.choice(["utf-8", "us-ascii", "x-unknown", "windows-1258", '"', "utf-7"])
    head = _head(
        mark, f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit"
    )
    return f"{head}\r\n{mark} caf".encode() + b"\xe9 \x93kutip\x94 \xf0\x9f\x98\r\n"


def html_only(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8")
    body = f"<style>p{{}}</style><script>x()</script><p>Sampah <b>{mark}</b><br>menumpuk</p><div>"
    return f"{head}\r\n{body * 3}\r\n".encode()


def nested(chance: random.Random, mark: str) -> bytes:
    message = EmailMessage()
    message["From"] = "sri.contoh@warga.example"
    message["Message-ID"] = f"<{mark}@warga.example>"
    message["Subject"] = f"Foto {mark}"
    message.set_content(f"Foto terlampir {mark}")
    message.add_alternative(f"<p>Foto terlampir {mark}</p>", subtype="html")
    if chance.random() < 0.3:
        message.add_attachment(PNG, maintype="image", subtype="png", filename="foto rumah.png")
    inner = EmailMessage()
    inner["Subject"] = "diteruskan"
    inner.set_content("isi surat lama")
    message.add_attachment(inner)
    return message.as_bytes()


def broken_boundary(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b1')
    return f"{head}\r\n--b1\r\n\r\nSaluran {mark} tersumbat\r\n--b2--\r\n".encode()


def empty(_: random.Random, mark: str) -> bytes:
    return _head(mark).encode() + b"\r\n"


def no_headers(_: random.Random, mark: str) -> bytes:
    return f"tanpa kepala surat {mark}\nbaris kedua\n".encode()


def only_noise(chance: random.Random, mark: str) -> bytes:
    noise = bytes(chance.randrange(1, 256) for _ in range(300)).replace(b"\n", b" ")
    return _head(mark).encode() + b"\r\n" + mark.encode() + b" " + noise + b"\r\n"


def broken_base64(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "Content-Type: text/plain", "Content-Transfer-Encoding: base64")
    good = base64.b64encode(f"Jembatan {mark} retak".encode()).decode()
    return f"{head}\r\n{good}\r\n***{good[:-3]}\r\n".encode()


def odd_headers(_: random.Random, mark: str) -> bytes:
    head = (
        "From: =?utf-8?q?Sri_=F0=9F=98?= <sri@@contoh..warga.example>, x@y.example\r\n"
        "From: dua@contoh.example\r\nSubject: =?x-foo?B?!!!!?= =?utf-8?b?" + "QQ" * 40 + "?=\r\n"
        "Content-Disposition: inline; filename*=utf-8''%ff%fe\r\nBroken Header: ya\r\n"
        "Received:\r\n\tfrom a\r\n\r\n"
    )
    return f"{head}Pohon tumbang {mark}\r\n".encode()


def answer(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "In-Reply-To: <lama@warga.example>", "References: <lama@warga.example>")
    return f"{head}\r\nMasih rusak {mark}\r\n\r\nPada Senin petugas menulis:\r\n> lama\r\n".encode()


def automatic(_: random.Random, mark: str) -> bytes:
    return f"{_head(mark, 'Auto-Submitted: auto-replied')}\r\nSaya cuti {mark}\r\n".encode()


def from_list(_: random.Random, mark: str) -> bytes:
    head = _head(mark, "List-Id: <warta.contoh.example>", "Precedence: bulk")
    return f"{head}\r\nBuletin {mark}\r\n".encode()


def bounce(_: random.Random, mark: str) -> bytes:
    head = (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@ngawi.example\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <{mark}@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n'
    )
    return f"{head}\r\n--r\r\n\r\n{mark}\r\n--r--\r\n".encode()


def own(_: random.Random, mark: str) -> bytes:
    head = "From: aduan@ngawi.example\r\nX-Loop: aduan@ngawi.example\r\n"
    head += f"Message-ID: <{mark}@ngawi.example>\r\n"
    return f"{head}Auto-Submitted: auto-replied\r\n\r\nNomor Anda {mark}\r\n".encode()


MAKERS: tuple[Maker, ...] = (
    plain, plain, without_id, shared_id, bad_date, wrong_charset, html_only, nested,
    broken_boundary, empty, no_headers, only_noise, broken_base64, odd_headers, answer,
    automatic, from_list, bounce, own,
)  # fmt: skip
