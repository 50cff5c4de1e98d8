"""A text as whoever gets it can read it: with what is quoted, escaped, encoded or folded in it undone.

Each reading knows where its characters stand in the text, so that what is found in it can be masked there.
Every function is linear in the text, and lines are logged often: what has nothing to undo costs two searches,
and what has costs by the number of things undone.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header

from tasks_core.engine.redaction.masking import Span

DEEPEST = 4
"""So often is undone what is written in a form within a form: JSON in JSON in a URL."""

_SIGNS = re.compile(r"[%&\\\r\n]")
_MAIL_SIGNS = re.compile(r"=[\r\n?0-9A-Fa-f]")

_LINES = r"[ \t]{0,8}+(?<![\r\n])[\r\n]++"
_BREAK = rf"{_LINES}[ \t>|]*+"
"""Line breaks, and what stands before the rest of a folded line or a quoted one.

All breaks that follow one another are taken, or none: looked for from each of them, they take a second.
"""

_WRITTEN = re.compile(
    rf"""(?=[%&\\\r\n \t])(?:  # most characters are none of these, and are passed by at once
      (?P<percent>(?:%[0-9a-f]{{2}})++)
    | (?P<wide>(?:%u[0-9a-f]{{4}})++)
    | (?P<entity>&(?:\#\d{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z][a-z0-9]{{1,31}});?)
    | (?P<long>(?-i:\\U)[0-9a-f]{{8}})
    | (?P<unicode>(?:(?!(?-i:\\U)[0-9a-f]{{8}})\\u[0-9a-f]{{4}})++)
    | (?P<braced>\\u\{{[0-9a-f]{{1,6}}\}})
    | (?P<bytes>(?:\\x[0-9a-f]{{2}})++)
    | (?P<octal>(?:\\[0-3][0-7]{{2}})++)
    | (?P<escape>\\[!-/:-@\[-`{{-~abfnrtv])
    | (?P<line>{_BREAK})
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MAILED = re.compile(
    r"""(?==)(?:
      (?P<words>=\?[\w.*+\-]{1,60}\?[bq]\?[^?\s]{0,200}\?=
        (?:\s{1,5}=\?[\w.*+\-]{1,60}\?[bq]\?[^?\s]{0,200}\?=)*+)
    | (?P<quoted>(?:=[0-9a-f]{2}(?:=[ \t]*+\r?\n)?+)++)
    | (?P<soft>=[ \t]*+\r?\n)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REPLIED = re.compile(
    rf"""(?P<line>
        {_BREAK} (?: [245]\d\d[\- ](?:[245]\.\d{{1,3}}\.\d{{1,3}}[ ])? | [245]\.\d{{1,3}}\.\d{{1,3}}[ ] )
    )""",
    re.VERBOSE,
)
"""The same before the rest of a mail server's reply, whose codes are on every line of it."""
_SIGN_FOLLOWS = re.compile(r"[\r\n][ \t]*+[>|]")
_FOLDED = re.compile(rf"(?P<line>{_LINES}[ \t]*+)")
_QUOTED = re.compile(rf"(?P<line>{_LINES}[ \t]*+(?:[>|][ \t]?)?+)")
"""Line breaks before a sign that may be part of what was folded, or be one sign of a quotation before it."""
_BYTE = re.compile(r"[%=x]([0-9a-f]{2})", re.IGNORECASE)
_FOUR = re.compile(r"u([0-9a-f]{4})", re.IGNORECASE)
_NUMBER = re.compile(r"&#(x?)([0-9a-f]+);?", re.IGNORECASE)
_THREE = re.compile(r"\\([0-3][0-7]{2})")
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

Piece = tuple[str, int, int]
"""What a part of the match reads, and where that part begins and ends in it."""


class Stretches:
    """Where the characters of a decoded text stand in the text that it was made of.

    It holds one entry for each thing that was decoded and one for what is between two of them, not one for
    each character: most texts are long and have little to decode.
    """

    __slots__ = ("_begins", "_ends", "_starts")

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int | None] = []

    def add(self, begin: int, start: int, end: int | None = None) -> None:
        """Let the characters from ``begin`` on stand for all of ``start`` to ``end``.

        Without ``end`` each of them stands for itself.
        """
        self._begins.append(begin)
        self._starts.append(start)
        self._ends.append(end)

    def place(self, begin: int, end: int) -> Span:
        """Return where the characters ``begin`` to ``end`` stand."""
        first, last = bisect_right(self._begins, begin) - 1, bisect_right(self._begins, end - 1) - 1
        start, stop = self._starts[first], self._ends[last]
        if self._ends[first] is None:
            start += begin - self._begins[first]
        if stop is None:
            stop = self._starts[last] + end - self._begins[last]
        return start, stop


@dataclass(frozen=True)
class Reading:
    """One way to read a text. Without ``of`` it is the text itself."""

    text: str
    of: "Reading | None" = None
    stretches: Stretches = field(default_factory=Stretches, repr=False)

    def place(self, start: int, end: int) -> Span:
        """Return where in the text ``self.text[start:end]`` stands; it must not be empty."""
        reading = self
        while reading.of is not None:
            start, end = reading.stretches.place(start, end)
            reading = reading.of
        return start, end


def readings(text: str) -> list[Reading]:
    """Return ``text`` itself, and every other way to read it, each once."""
    known: dict[str, int] = {}
    chain = _undone(Reading(text), known)
    found = list(chain)
    for reading in chain:
        if _MAIL_SIGNS.search(reading.text) and (mailed := _decoded(reading, _MAILED)):
            found += _undone(mailed, known)
        if "\n" in reading.text and (replied := _decoded(reading, _REPLIED)):
            found += _undone(replied, known)
        if _SIGN_FOLLOWS.search(reading.text):
            found += _undone(_decoded(reading, _FOLDED), known)
            found += _undone(_decoded(reading, _QUOTED), known)
    return found


def _undone(reading: Reading | None, known: dict[str, int]) -> list[Reading]:
    """Return ``reading`` and those within it, up to one that was given already with all that is within it."""
    found: list[Reading] = []
    for left in range(DEEPEST, -1, -1):
        if reading is None or known.get(reading.text, -1) >= left:
            break
        if reading.text not in known:
            found.append(reading)
        known[reading.text] = left
        is_more = left > 0 and _SIGNS.search(reading.text)
        reading = _decoded(reading, _WRITTEN) if is_more else None
    return found


def _decoded(reading: Reading, forms: re.Pattern[str]) -> Reading | None:
    """Return ``reading`` with one layer of ``forms`` undone; None if that changes nothing."""
    text, position, length = reading.text, 0, 0
    parts: list[str] = []
    stretches = Stretches()
    for found in forms.finditer(text):
        begin, end = found.span()
        if begin > position:
            parts.append(text[position:begin])
            stretches.add(length, position)
            length += begin - position
        for read, start, stop in _DECODERS[str(found.lastgroup)](found.group()):
            if read:
                parts.append(read)
                stretches.add(length, begin + start, begin + stop)
                length += len(read)
        position = end
    if position == 0:
        return None
    if position < len(text):
        parts.append(text[position:])
        stretches.add(length, position)
    decoded = "".join(parts)
    return None if decoded == text else Reading(decoded, reading, stretches)


def _of_bytes(written: str) -> Iterable[Piece]:
    """Return the characters of a run of bytes, each in two hexadecimal digits."""
    if len(written) == 3:
        return [(chr(int(written[1:], 16)), 0, 3)]
    return _of_values(written, [(int(one[1], 16), one.end()) for one in _BYTE.finditer(written)])


def _of_octal(written: str) -> Iterator[Piece]:
    return _of_values(
        written, [(int(one[1], 8) & 255, one.end()) for one in _THREE.finditer(written)]
    )


def _of_values(written: str, values: list[tuple[int, int]]) -> Iterator[Piece]:
    raw = bytes(value for value, _ in values)
    try:
        read = raw.decode()
    except UnicodeDecodeError:
        read = raw.decode("latin-1")
        widths: Iterable[int] = [1] * len(read)
    else:
        widths = (len(character.encode()) for character in read)
    start, number = 0, 0
    for character, width in zip(read, widths, strict=True):
        number += width
        end = values[number - 1][1] if number < len(values) else len(written)
        yield character, start, end
        start = end


def _of_units(written: str) -> Iterator[Piece]:
    """Return the characters of a run of escapes with four digits, pairs of which may be one character."""
    units = [int(one[1], 16) for one in _FOUR.finditer(written)]
    raw = b"".join(unit.to_bytes(2, "big") for unit in units)
    start = 0
    for character in raw.decode("utf-16-be", "surrogatepass"):
        end = start + (12 if ord(character) > 0xFFFF else 6)
        yield character, start, end
        start = end


def _of_point(written: str) -> Iterator[Piece]:
    yield _character(int(written[2:].strip("{}"), 16)), 0, len(written)


def _character(number: int) -> str:
    return chr(number) if number <= 0x10FFFF else ""


def _of_entity(written: str) -> Iterator[Piece]:
    number = _NUMBER.fullmatch(written)
    if number is None:
        read = html.unescape(written)
    else:  # as it is given: html.unescape leaves some characters out
        read = _character(int(number[2], 16 if number[1] else 10))
    yield read, 0, len(written)


def _of_escape(written: str) -> Iterator[Piece]:
    yield _CONTROLS.get(written[1].lower(), written[1]), 0, len(written)


def _of_words(written: str) -> Iterator[Piece]:
    """Return the text of encoded words in a mail's header; where in them each character is, nobody asks."""
    try:
        decoded = decode_header(written)
        read = "".join(_word(part, charset) for part, charset in decoded)
    except (HeaderParseError, ValueError):
        read = written
    yield read, 0, len(written)


def _word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except LookupError:
        return part.decode("latin-1")


def _nothing(_written: str) -> Iterator[Piece]:
    return iter(())


_DECODERS: dict[str, Callable[[str], Iterable[Piece]]] = {
    "percent": _of_bytes,
    "wide": _of_units,
    "entity": _of_entity,
    "long": _of_point,
    "unicode": _of_units,
    "braced": _of_point,
    "bytes": _of_bytes,
    "octal": _of_octal,
    "escape": _of_escape,
    "line": _nothing,
    "words": _of_words,
    "quoted": _of_bytes,
    "soft": _nothing,
}
