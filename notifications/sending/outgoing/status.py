"""What a webhook receiver's answer, or its silence, means for the delivery."""

from notifications.rules.outcome import Outcome
from notifications.sending.outgoing.fetch import Failure

_TRY_AGAIN = frozenset({408, 425})
_THROTTLED = 429
GONE = 410


def outcome_of_status(status: int) -> Outcome:
    """Classify an HTTP status. Only 2xx is a success; a redirect is not followed, so it fails."""
    if 200 <= status < 300:
        return Outcome.SUCCESS
    if status == _THROTTLED:
        return Outcome.THROTTLED
    if status in _TRY_AGAIN or status >= 500:
        return Outcome.TRANSIENT
    return Outcome.PERMANENT


def outcome_of_failure(failure: Failure) -> Outcome:
    """Classify an exchange without a response."""
    return {
        Failure.REFUSED: Outcome.PERMANENT,
        Failure.NOT_SENT: Outcome.TRANSIENT,
        Failure.UNKNOWN: Outcome.AMBIGUOUS,
    }[failure]


def describe_status(status: int) -> str:
    """Return what a status that is not a success means, for the attempt log."""
    if 300 <= status < 400:
        return f"the endpoint answered {status}: redirects are not followed, enter the final URL"
    if status == GONE:
        return "the endpoint answered 410: it is gone for good"
    return f"the endpoint answered {status}"
