"""What a command asks the person for: a note, a password, a yes."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from deliver.commands.counter import not_done
from deliver.identity.login import prove_custodian
from gateway.auth import User
from gateway.settings import ConfigFile

Login = Annotated[
    str | None, typer.Option("--login", help="Account of a custodian; its password is asked for.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Its first line instead of asking (for programs)."),
]


def noted(note: str | None) -> str:
    """The note that every change needs; asked for when a person sits at the terminal."""
    if (note is None or not note.strip()) and sys.stdin.isatty():
        note = typer.prompt("Catatan (alasan, tanpa nama orang)")
    if note is None or not note.strip():
        not_done('catatan wajib diisi: tambahkan --note "..." (tanpa nama orang)')
    return note


def proven_custodian(config: ConfigFile, login: str | None, password_file: Path | None) -> User:
    """The custodian at the terminal.

    Raises:
        NotProven, NotAllowed: no such account, or one that may not open identities.
    """
    if login is None and sys.stdin.isatty():
        login = typer.prompt("Nama pengguna")
    if login is None:
        not_done("identitas hanya dibuka oleh custodian: tambahkan --login NAMA_PENGGUNA")
    return prove_custodian(config, login, _password(password_file))


def confirmed(question: str, word: str, *, yes: bool) -> None:
    """Go on only if the person types ``word``, or said yes beforehand."""
    if yes:
        return
    if not sys.stdin.isatty():
        not_done("tambahkan --yes untuk melakukannya tanpa ditanya")
    if typer.prompt(f"{question}\nKetik {word} untuk melanjutkan", default="") != word:
        not_done("dibatalkan")


def _password(file: Path | None) -> str:
    """From the file, the terminal without echo, or one line of standard input."""
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            not_done(f"{file} tidak dapat dibaca ({error.strerror})")
        return lines[0] if lines else ""
    if sys.stdin.isatty():
        return getpass.getpass("Kata sandi: ")
    return sys.stdin.readline().rstrip("\n")
