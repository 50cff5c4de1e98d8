"""The columns of a periodic task that hold JSON as text."""

from typing import Any

from kombu.utils.json import loads

from tasks_core.exceptions import InvalidPayload


def read(text: str) -> Any:
    """Read JSON as Celery does, which knows some types more than JSON.

    Raises:
        ValueError: it is none. What stands for a type of Celery's raises what it likes.
    """
    return loads(text)  # type: ignore[no-untyped-call]  # kombu has no types


def decoded(row: Any, field: str, kind: type) -> Any:
    """Return a column of a ``PeriodicTask``; empty text is an empty list or object.

    Raises:
        InvalidPayload: it is no JSON, or not of that kind.
    """
    text = getattr(row, field)
    try:
        value = read(text) if text else kind()
    except ValueError as error:
        raise InvalidPayload(f"{field} is not JSON: {error}") from None
    except Exception as error:  # noqa: BLE001 a decimal that is none, JSON nested without end, a type of an app
        raise InvalidPayload(
            f"{field} cannot be read as Celery's JSON: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(value, kind):
        wanted = "a JSON array" if kind is list else "a JSON object"
        raise InvalidPayload(f"{field} must be {wanted}, not {type(value).__name__}")
    return value
