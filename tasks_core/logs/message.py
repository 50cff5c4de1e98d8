"""A log message with its arguments in place, whatever these are."""

from collections.abc import Mapping
from typing import Any

from tasks_core.engine.redaction import MASK
from tasks_core.engine.redaction.fields import named_parts, plain_parts
from tasks_core.engine.redaction.plain_text import text_of
from tasks_core.logs.redaction import is_secret_field, redacted_text, redacted_value

LONGEST_ARGUMENT = 16_000


class Shown(str):
    """Text that looks the same with %s and %r."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def message_of(template: object, arguments: Any) -> str:
    """Return ``template % arguments``, not yet redacted but for containers and long texts.

    Raises nothing: if the arguments don't fit, or one of them has no text, it says so.
    """
    try:
        text = str(_argument(template))
        return text % _safe(arguments) if arguments else text
    except Exception as error:  # noqa: BLE001 logging must not fail, whatever it is handed
        return f"{redacted_text(_template(template))} (not formatted: {type(error).__name__})"


def _template(template: object) -> str:
    return template if isinstance(template, str) else f"<{type(template).__name__}>"


def _safe(arguments: Any) -> Any:
    if isinstance(arguments, Mapping):
        return {
            name: Shown(MASK) if is_secret_field(text_of(name)) else _argument(value)
            for name, value in arguments.items()
        }
    return tuple(_argument(value) for value in arguments)


def _argument(value: Any) -> Any:
    if isinstance(value, str | bytes):
        return value if len(value) <= LONGEST_ARGUMENT else Shown(redacted_value(value))
    if named_parts(value) is not None or plain_parts(value) is not None:
        return Shown(redacted_value(value))
    return value
