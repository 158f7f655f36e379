"""A kecamatan as people write it."""

from deliver.commands.counter import not_done
from normalizer.gazetteer import load_gazetteer


def kecamatan_code(named: str) -> str:
    """The code of a kecamatan by its name or its code; ends the command when there is none."""
    found = {
        region.code: region.name
        for region in load_gazetteer().by_code.values()
        if region.level == "kecamatan"
    }
    if named in found:
        return named
    wanted = named.casefold().removeprefix("kecamatan ").removeprefix("kec. ").strip()
    codes = {name.casefold(): code for code, name in found.items()}
    if wanted not in codes:
        not_done(f"tidak ada kecamatan {named}; yang ada: {', '.join(sorted(found.values()))}")
    return codes[wanted]
