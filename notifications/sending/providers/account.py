"""A provider as a sender sees it: with its credentials opened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import SendResult


@dataclass(frozen=True, kw_only=True)
class Account:
    """One enabled provider."""

    name: str
    kind: str
    provider_id: int = 0
    """Its row; 0 while it has none."""
    base_url: str
    """Without a slash at the end."""
    options: dict[str, Any]
    credentials: dict[str, str] = field(repr=False)


class GivenCredentials:
    """A kind of provider as most are: one service, which gives the credentials."""

    is_one_service = True

    def generated(self) -> dict[str, str]:
        """Nothing: they are given."""
        return {}

    def public(self, account: Account) -> dict[str, str]:
        """Nothing needs to be known of it."""
        return {}


class Carrier(Protocol):
    """One kind of provider: whose interface it speaks, and what it needs to know."""

    @property
    def kind(self) -> str:
        """Its name in ``register_provider``."""

    @property
    def base_url(self) -> str:
        """Where the interface usually is."""

    @property
    def credentials(self) -> Sequence[str]:
        """The names of what is secret; all are required."""

    @property
    def options(self) -> Sequence[str]:
        """The names of what is not; none is required by itself."""

    @property
    def is_one_service(self) -> bool:
        """Whether all messages go to the same place: if it fails one, it will fail the next.

        Of such a provider failures in a row open the breaker.
        """

    def generated(self) -> dict[str, str]:
        """Make credentials where nobody else gives them; empty if somebody does."""
        ...

    def public(self, account: Account) -> dict[str, str]:
        """Return what others must know of an account, such as a public key."""
        ...

    def check(self, account: Account) -> str:
        """Return what is wrong with an account, or nothing. Called when it is registered."""
        ...

    async def send(self, account: Account, sendable: Sendable, seconds: float) -> SendResult:
        """Hand over one message within so many seconds. Never raises for what the provider does."""
        ...
