"""How one attempt ended: a value that is made by the call, judged by the verdict, and recorded."""

from dataclasses import dataclass
from typing import Any

CLIENT_ERROR = 1000
"""No response: name resolution, connection, TLS, time-out."""
UNREADABLE_RESPONSE = 1001
INTERNAL_ERROR = 500
"""The request could not be made, or the response not be transformed."""
GONE = 410


@dataclass(frozen=True, kw_only=True)
class Result:
    """One attempt.

    Attributes:
        status: HTTP status, or one of the numbers above.
        error: what went wrong, for people; empty after a success.
        is_final: another attempt cannot mend it.
        is_gone: the webhook says that it will never take anything again.
        retry_after: seconds after which the webhook asked for another attempt.
        request: for the log; capped and redacted, like ``response``.
        response: for the log.
        duration: seconds.
    """

    status: int
    error: str = ""
    is_final: bool = False
    is_gone: bool = False
    retry_after: float | None = None
    request: dict[str, Any]
    response: dict[str, Any]
    duration: float | None = None
