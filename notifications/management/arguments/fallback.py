"""`--fallback`: a channel, or a step of a ladder as JSON."""

from argparse import ArgumentTypeError
from typing import Any

from notifications.message import Fallback
from tasks_core.engine.json_text import UnreadableJson, read_json
from tasks_core.management.arguments.duration import duration

NAMES = frozenset({"channel", "to", "after", "until"})
HELP = (
    'Another channel, if those before fail: its name, or {"channel": "email", "to": "a@b.example", '
    '"after": "5m", "until": "delivered"}. May be given several times.'
)


def fallback(text: str) -> str | Fallback:
    """Return one step as ``notify`` takes it.

    Raises:
        ArgumentTypeError: the JSON cannot be read, or has other names.
    """
    if not text.lstrip().startswith("{"):
        return text
    try:
        given: dict[str, Any] = read_json(text)
    except UnreadableJson:
        raise ArgumentTypeError("is no JSON") from None
    unknown = sorted(set(given) - NAMES)
    if unknown or "channel" not in given:
        raise ArgumentTypeError(
            f"give channel, and if needed to, after and until; not {', '.join(unknown) or 'less'}"
        )
    after = given.pop("after", None)
    return Fallback(**given, after=None if after is None else duration(str(after)))
