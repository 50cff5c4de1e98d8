"""How far a value reaches in a text: quoted at any depth, in brackets, or up to a delimiter.

Every function is linear in the text, whatever that holds.
"""

import re

_PREFIX = re.compile(r"[bBrRuUfF]{1,2}+(?=\\*[\"'`])")
_QUOTE = re.compile(r"\\*+[\"'`]")
_IN_BRACKETS = re.compile(r"\\*+[\"'`]|[()\[\]{}]")
# A delimiter counts as part of the value where more of it follows, and not the next name.
_BARE = re.compile(
    r"""(?:[^\s,;&()\[\]{}<>"'`\\]|["'`\\)\]}<>](?=\w)|[,;&](?=[^\s"'`\\])(?![\w.\-$]*+\s{0,3}[=:]))++"""
)
_AGAIN = re.compile(r"\s{0,3}+=\s{0,3}+(?!=)")
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|negotiate|api-?key)[ \t]{1,3}+")
_LINE = re.compile(r"[^\r\n]*+")
_TAGGED = re.compile(r"[^<]*+")


def value_end(text: str, start: int) -> int:
    """Return where the value that begins at ``start`` ends."""
    scheme = _SCHEME.match(text, start)
    end = _pieces_end(text, scheme.end() if scheme else start)
    # `password: str = "..."`
    while (again := _AGAIN.match(text, end)) is not None:
        end = _pieces_end(text, again.end())
    return end


def line_end(text: str, start: int) -> int:
    """Return where the rest of the line ends, or the quoted text that begins at ``start``."""
    if _QUOTE.match(text, start) or _PREFIX.match(text, start) or text[start : start + 1] in "([{":
        return value_end(text, start)
    found = _LINE.match(text, start)
    return found.end() if found else start


def tag_end(text: str, start: int) -> int:
    """Return where the content of an XML element ends."""
    found = _TAGGED.match(text, start)
    return found.end() if found else start


def quoted_end(text: str, start: int) -> int:
    """Return the end of the quoted text whose quote, with backslashes before it, is at ``start``.

    A quote inside JSON inside JSON has backslashes before it; one that belongs to the value has more.
    """
    depth = 0
    while text[start + depth] == "\\":
        depth += 1
    quote = text[start + depth]
    begin = start + depth + 1
    if depth == 0 and text.startswith(quote * 3, start):
        end = text.find(quote * 3, start + 3)
        return len(text) if end < 0 else end + 3
    position = begin
    while (found := text.find(quote, position)) >= 0:
        run = found
        while run > position and text[run - 1] == "\\":
            run -= 1
        if (found - run) % (2 * depth + 2) == depth:
            return found + 1
        position = found + 1
    return len(text)


def _pieces_end(text: str, start: int) -> int:
    prefix = _PREFIX.match(text, start)
    position = prefix.end() if prefix else start
    if _QUOTE.match(text, position):
        return quoted_end(text, position)
    while position < len(text):
        if text[position] in "([{":
            position = _bracket_end(text, position)
            continue
        bare = _BARE.match(text, position)
        if bare is None:
            break
        position = bare.end()
    return position


def _bracket_end(text: str, start: int) -> int:
    depth = 0
    position = start
    while (found := _IN_BRACKETS.search(text, position)) is not None:
        sign = found.group()
        position = found.end()
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth == 0:
                return position
        else:
            position = quoted_end(text, found.start())
    return len(text)
