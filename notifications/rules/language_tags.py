"""Language tags as people write them, and which ones serve instead of one that there is nothing for."""

import re

MAX_LENGTH = 20

WANTED = "use a language tag such as de, pt-BR or zh-Hant-TW"

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*(?<!-[a-z0-9])", re.ASCII)
"""RFC 5646, section 2.1, without its length and without what it keeps for tags of old; the last part is no
single letter, which only announces others."""


def language_tag(text: object) -> str:
    """Return a tag as it is stored: lower case, parts divided by ``-``. Nothing is one.

    Raises:
        ValueError: says what would be right.
    """
    if not isinstance(text, str):
        raise ValueError(f"is a {type(text).__name__}; {WANTED}")
    tag = text.strip().replace("_", "-").lower()
    if tag and (len(tag) > MAX_LENGTH or not _TAG.fullmatch(tag)):
        raise ValueError(WANTED)
    return tag


def fallbacks(text: str) -> list[str]:
    """Return what to look up, in this order: the tag, each shorter one, and nothing, which is any language.

    As RFC 4647, section 3.4 does it: part after part is taken off the end, and with it a single letter or
    digit before it. For what is no tag there is only any language.
    """
    try:
        tag = language_tag(text)
    except ValueError:
        return [""]
    found = []
    parts = tag.split("-") if tag else []
    while parts:
        found.append("-".join(parts))
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    return [*found, ""]
