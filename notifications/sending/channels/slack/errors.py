"""What Slack's error words mean for a message (docs.slack.dev, chat.postMessage)."""

from notifications.rules.outcome import Outcome
from notifications.sending.providers.answer import outcome_of_status

_OUR_ACCOUNT = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "no_permission",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_LATER = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
        "team_added_to_org",
    }
)
_THROTTLED = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})


def outcome_of_error(word: str, status: int) -> Outcome:
    """Classify the ``error`` of an answer with ``"ok": false``."""
    if word in _THROTTLED:
        return Outcome.THROTTLED
    if word in _LATER or word in _OUR_ACCOUNT:
        return Outcome.TRANSIENT
    by_status = outcome_of_status(status)
    return Outcome.PERMANENT if by_status is Outcome.SUCCESS else by_status


def is_our_account(word: str) -> bool:
    """Return whether the error is about our credentials, so another account may do better."""
    return word in _OUR_ACCOUNT
