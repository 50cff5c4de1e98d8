"""Reading the answers of providers' interfaces."""

from typing import Any

from notifications.rules.outcome import Outcome
from notifications.sending.outgoing.fetch import Response
from notifications.sending.outgoing.retry_after import parse_retry_after
from tasks_core import clock
from tasks_core.engine.json_text import UnreadableJson, read_any_json

_REFUSES_US = frozenset({401, 402, 403})
_TRY_AGAIN = frozenset({408, 425})
_THROTTLED = 429


def outcome_of_status(status: int) -> Outcome:
    """Classify an HTTP status of an interface that we have credentials for.

    Refused credentials and unpaid bills are not the message's fault: it is tried again while somebody
    corrects them.
    """
    if 200 <= status < 300:
        return Outcome.SUCCESS
    if status == _THROTTLED:
        return Outcome.THROTTLED
    if status in _TRY_AGAIN or status in _REFUSES_US or status >= 500:
        return Outcome.TRANSIENT
    return Outcome.PERMANENT


def described(who: str, status: int) -> str:
    """Return what a status that is no success means."""
    if status in _REFUSES_US:
        return f"{who} answered {status}: our credentials or our account are refused"
    if 300 <= status < 400:
        return f"{who} answered {status}: redirects are not followed, correct its base URL"
    return f"{who} answered {status}"


def json_object(response: Response) -> dict[str, Any]:
    """Return the JSON object in a response, so that it can be stored; an empty one if there is none."""
    try:
        found = read_any_json(response.body)
    except UnreadableJson:
        return {}
    return found if isinstance(found, dict) else {}


def retry_after(response: Response, outcome: Outcome) -> float | None:
    """Return the seconds that a response which was no success asks us to wait."""
    if outcome is Outcome.SUCCESS:
        return None
    asked = next((v for k, v in response.headers.items() if k.lower() == "retry-after"), None)
    return parse_retry_after(asked, clock.now())
