"""Requests that are about to connect: may they, while the sandbox is on?"""

from contextvars import ContextVar

from notifications import conf
from notifications.sending.sandbox.allowed import is_allowed

_granted: ContextVar[bool] = ContextVar("sandbox_granted", default=False)


class Granted:
    """Lets a block make connections: its message has passed.

    A channel's provider, such as an SMS gateway, is reached at another address than the message's.
    """

    def __enter__(self) -> None:
        self._token = _granted.set(True)

    def __exit__(self, *_error: object) -> None:
        _granted.reset(self._token)


def may_connect(url: str) -> bool:
    """Return whether a request may leave: the sandbox is off, its message has passed, or it is allowed."""
    return not conf.current().sandbox or _granted.get() or is_allowed(url)
