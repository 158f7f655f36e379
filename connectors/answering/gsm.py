"""How much of one SMS a text takes: GSM 03.38 (3GPP TS 23.038, 6.2.1), 160 septets to a part."""

from typing import Final

#: What one SMS holds when every character is of the GSM 7-bit alphabet.
ONE_PART: Final = 160

#: One septet each.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: An escape and one more.
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")


def septets(text: str) -> int:
    """The length of a text in septets.

    Raises:
        ValueError: a character that would turn the whole SMS into UCS-2, of which 70 fit.
    """
    length = 0
    for character in text:
        if character in _BASIC:
            length += 1
        elif character in _EXTENDED:
            length += 2
        else:
            raise ValueError(f"{character!r} is not in the GSM alphabet")
    return length
