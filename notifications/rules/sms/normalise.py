"""Replace look-alikes that no phone shows differently, but that make a text cost twice as much."""

import unicodedata

from notifications.rules.sms import gsm7

_SPACES = dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
                        "\u202f\u205f\u3000\t", " ")  # fmt: skip
_NOTHING = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
_SINGLE_QUOTES = dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02bc", "'")
_DOUBLE_QUOTES = dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
_OTHERS = {"\u2026": "...", "\u2022": "*", "\u00b7": "-", "\u2028": "\n", "\u2029": "\n"}

_LOOK_ALIKES = str.maketrans(
    {**_SPACES, **_NOTHING, **_SINGLE_QUOTES, **_DOUBLE_QUOTES, **_DASHES, **_OTHERS}
)


def normalise(text: str) -> str:
    """Return the text as it is to be sent.

    Line ends become LF and letters their composed form. Look-alikes (no-break space, curly quotes,
    dashes, ...) are replaced if the whole text then fits the GSM alphabet; a text that needs more,
    such as one in Cyrillic, gains nothing and stays as it was written.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = composed.translate(_LOOK_ALIKES)
    return plain if gsm7.fits(plain) else composed
