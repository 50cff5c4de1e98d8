"""Forget how far a subscriber has come, if nobody has it in the code any more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tasks_core import clock
from tasks_core.database import fetch
from tasks_core.events.known import known_name
from tasks_core.events.subscription import BUILT_IN, subscriptions
from tasks_core.exceptions import InvalidTransition
from tasks_core.models import Worker

DELETE = """
DELETE FROM tasks_core_eventsubscription WHERE name = %(name)s
RETURNING name
"""


@dataclass(frozen=True)
class Registrations:
    """Who has which subscribers in its code, of the processes that are there now.

    Attributes:
        here: names that the code of this process registers.
        elsewhere: what each worker and beat has said of itself; None of one that says nothing, because it
            runs an older release.
        is_beat_alive: whether a beat is among them. Without one nobody can know: the subscriber may be in
            the code of the one that starts next.
    """

    here: frozenset[str]
    elsewhere: Mapping[str, frozenset[str] | None]
    is_beat_alive: bool

    def is_registered(self, name: str) -> bool:
        """Return whether the platform, this process, or one that is there has the subscriber."""
        return name in BUILT_IN or name in self.here or bool(self._having(name))

    def why_not_deleted(self, name: str) -> str:
        """Return why the cursor of ``name`` has to stay, and what to do; empty if it may go."""
        if name in BUILT_IN:
            return f"the subscriber {name!r} belongs to the platform, which counts by it; it stays"
        if name in self.here:
            return (
                f"the subscriber {name!r} is registered in the code; take it out there first, "
                "or pause it with pause_subscription"
            )
        if having := self._having(name):
            return (
                f"the subscriber {name!r} is registered in the code of {_some(having)}; deploy a release "
                "without it first, or pause it with pause_subscription"
            )
        silent = sorted(who for who, names in self.elsewhere.items() if names is None)
        if silent:
            return (
                f"{_some(silent)} of an older release does not say which subscribers it has, so {name!r} may "
                "be one of them; deploy this release to it first"
            )
        if not self.is_beat_alive:
            return (
                f"no beat is alive that would say whether {name!r} is in its code; start the beat of the "
                "release that runs, then delete it"
            )
        return ""

    def _having(self, name: str) -> list[str]:
        return sorted(who for who, names in self.elsewhere.items() if names and name in names)


def registrations() -> Registrations:
    """Ask who is there."""
    alive = list(Worker.objects.alive(clock.now()).values_list("name", "role", "subscribers"))
    return Registrations(
        here=frozenset(subscriptions()),
        elsewhere={name: None if names is None else frozenset(names) for name, _, names in alive},
        is_beat_alive=any(role == Worker.Role.BEAT for _, role, _ in alive),
    )


def delete_subscription(name: str) -> None:
    """Forget how far a subscriber has come that is in the code no more: its cursor keeps old events.

    A process knows its own code only, so the workers and beats that are alive are asked for theirs.

    Raises:
        SubscriptionNotFound: no cursor has this name; the message lists those there are.
        InvalidTransition: the platform or some code has it, or no beat is alive that could tell; the message
            says which, and what to do.
    """
    if reason := registrations().why_not_deleted(known_name(name)):
        raise InvalidTransition(reason)
    fetch(DELETE, {"name": name})


def _some(processes: Iterable[str]) -> str:
    first, *others = processes
    return f"{first} and {len(others)} more" if others else first
