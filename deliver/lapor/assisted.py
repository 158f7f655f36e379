"""Entry by hand: a sheet to type or paste from, in the order of LAPOR's own form."""

from deliver.lapor.mapping import form_sheet
from deliver.target import Entry

_NO_CONTACT = "(tidak dicetak)"


def copy_sheet(entry: Entry, *, with_identity: bool) -> str:
    """The sheet for one complaint. Who complained stands on it only when asked for and allowed."""
    rows = list(form_sheet(entry))
    if with_identity:
        shown = entry.reporter if not entry.hide_identity else None
        rows += [
            ("Nama Pelapor", (shown.name if shown else None) or _NO_CONTACT),
            ("Telepon Pelapor", (shown.phone if shown else None) or _NO_CONTACT),
            ("E-mail Pelapor", (shown.email if shown else None) or _NO_CONTACT),
        ]
    return "\n".join(f"== {label} ==\n{value}\n" for label, value in rows)
