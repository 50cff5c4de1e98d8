"""Turn anything into text that breaks neither a log line nor the program."""

import re
import unicodedata

# Control characters, but for tab and line feed; line ends of Unicode; marks that turn the reading order.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
LONGEST_INTEGER_BITS = 256


def text_of(value: object) -> str:
    """Return ``str(value)``, or what can be said where that fails."""
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value).decode("utf-8", "backslashreplace")
        if isinstance(value, str):
            return str.__str__(value)  # a subclass may do something else
        if isinstance(value, int):
            return integer_text(value)
        return str.__str__(str(value))
    except Exception as error:  # noqa: BLE001 a log line must come through whatever it is about
        return f"<{type(value).__name__}, whose text cannot be had: {type(error).__name__}>"


def integer_text(value: int) -> str:
    """Return an integer; of a huge one only the size, because writing it out takes long."""
    bits = int.bit_length(value)
    return int.__repr__(value) if bits <= LONGEST_INTEGER_BITS else f"<integer of {bits} bits>"


def visible(text: str) -> str:
    """Return ``text`` with its control characters written out, so that it cannot forge a line."""
    return _UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if unicodedata.category(character) == "Cc" and ord(character) < 0x100:
        return "\\r" if character == "\r" else f"\\x{ord(character):02x}"
    return f"\\u{ord(character):04x}"
