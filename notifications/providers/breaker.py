"""Where a circuit breaker for providers can be put in."""

from typing import Protocol

from notifications.channels.outcome import Outcome


class Breaker(Protocol):
    """Decides whether a provider is worth trying now. Called for every attempt, so it is quick."""

    def allows(self, provider: str) -> bool:
        """Say whether this provider may be tried."""
        ...

    def observe(self, provider: str, outcome: Outcome) -> None:
        """Take note of how an attempt at it ended."""
        ...


class AlwaysClosed:
    """Lets every provider be tried."""

    def allows(self, provider: str) -> bool:
        """Yes."""
        return True

    def observe(self, provider: str, outcome: Outcome) -> None:
        """Nothing is remembered."""


_breaker: Breaker = AlwaysClosed()


def use_breaker(breaker: Breaker) -> Breaker:
    """Let this one decide from now on; gives the one before."""
    global _breaker
    before, _breaker = _breaker, breaker
    return before


def current_breaker() -> Breaker:
    """Give the one that decides."""
    return _breaker
