"""Letters that look like others, turned into those they look like."""

import unicodedata

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters without width: soft hyphen, zero-width spaces and joiners, marks of direction."""

_ALIKE = str.maketrans(
    "асеорхукмтвнгіѕјԁԛԝһАСЕОРХУКМТВНІЅЈαορενυτκιΑΟΡΕΝΥΤΚΙıɡ",
    "aceopxykmtbhrisjdqwhACEOPXYKMTBHISJaopevutkiAOPENYTKIig",
)
_DIGITS = str.maketrans("013457$@", "oleastsa")


def plain_letters(text: str) -> str:
    """Return ``text`` in plain Latin letters where it has some that look like them."""
    if text.isascii():
        return text
    visible = "".join(c for c in text if c not in INVISIBLE)
    apart = unicodedata.normalize("NFKD", visible)
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_ALIKE)


def digits_as_letters(text: str) -> str:
    """Return ``text`` with the letters for which people write digits: ``passw0rd``."""
    return text.translate(_DIGITS)
