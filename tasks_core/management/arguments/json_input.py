"""JSON typed on the command line, read from a file, or from standard input."""

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from tasks_core.exceptions import InvalidPayload
from tasks_core.payloads import parse

SOURCES = "JSON, @FILE to read it from a file, or - to read it from standard input"


def json_input(text: str) -> Any:
    """Return the value of ``text``, of the file that ``@`` names, or of standard input for ``-``.

    Raises:
        ArgumentTypeError: the file cannot be read, or there is no JSON in it. What was read is never
            quoted: it may hold a secret.
    """
    return _parsed(_read(text))


def private_json_input(text: str) -> Any:
    """Return what ``json_input`` returns, but refuse JSON on the command line.

    Other users of the machine see the command lines of all processes, and shells keep a history.

    Raises:
        ArgumentTypeError: as ``json_input``, or the value itself was given.
    """
    if text != "-" and not text.startswith("@"):
        raise ArgumentTypeError(
            "secrets do not belong on a command line, where others can see them; give @FILE, "
            "or - to read them from standard input"
        )
    return json_input(text)


def _read(text: str) -> str:
    if text == "-":
        return _decoded(_standard_input(), "standard input")
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise ArgumentTypeError(f"{path} cannot be read: {error.strerror}") from None


def _standard_input() -> str | bytes:
    buffer = getattr(sys.stdin, "buffer", None)  # none where a program has put something of its own
    return sys.stdin.read() if buffer is None else buffer.read()


def _decoded(raw: str | bytes, where: str) -> str:
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    try:
        return raw.decode(json.detect_encoding(raw))
    except UnicodeDecodeError:
        raise ArgumentTypeError(f"{where} is not text in UTF-8; save it as that") from None


def _parsed(text: str) -> Any:
    try:
        return parse(text)
    except InvalidPayload as error:
        raise ArgumentTypeError(f"{error}; give {SOURCES}") from None
