"""Names of subscribers that have a cursor."""

from tasks_core.events.subscription import subscriptions
from tasks_core.exceptions import SubscriptionNotFound
from tasks_core.models import EventSubscription


def known_name(name: str) -> str:
    """Return ``name``.

    Raises:
        SubscriptionNotFound: no cursor has this name; the message lists those there are.
    """
    names = set(EventSubscription.objects.values_list("name", flat=True))
    if name not in names:
        known = ", ".join(sorted(names | subscriptions().keys())) or "none"
        raise SubscriptionNotFound(f"no subscriber is called {name!r}; there are: {known}")
    return name
