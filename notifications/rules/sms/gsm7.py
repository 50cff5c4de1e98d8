"""The GSM 7-bit alphabet (3GPP TS 23.038): which characters an SMS holds 160 of, and not 70."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""These take the place of two."""


def fits(text: str) -> bool:
    """Return whether every character is of the alphabet."""
    return all(character in BASIC or character in EXTENDED for character in text)


def septets(character: str) -> int:
    """Return how many places a character of the alphabet takes."""
    return 2 if character in EXTENDED else 1
