"""How the providers are: counts for metrics."""

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from notifications.models import Provider
from notifications.sending.endpoint_lanes.states import STATES
from notifications.sending.providers.accounts import account_of
from tasks_core import clock, database
from tasks_core.database.readable_rows import read_rows

_COUNTS = """
SELECT CASE WHEN NOT p.enabled THEN 'disabled'
            WHEN h.paused_until > %(now)s THEN 'paused'
            ELSE coalesce(h.breaker, 'closed') END AS state,
       count(*)
FROM notifications_provider p LEFT JOIN notifications_providerhealth h ON h.provider_id = p.id
GROUP BY 1
"""


def unopened_providers() -> int:
    """Count the enabled providers that would get messages, and whose credentials cannot be used here."""
    tried = (
        Provider.objects.filter(enabled=True)
        .filter(Q(health=None) | Q(health__breaker="closed"))
        .exclude(health__paused_until__gt=clock.now())
    )
    found = read_rows(tried.only("name", "kind", "base_url", "options", "credentials"))
    return len(found.unreadable) + sum(not opens(row) for row in found.sound)


def opens(row: Provider) -> bool:
    """Tell whether the credentials of a provider can be used with the keys that are here."""
    try:
        account_of(row)
    except ImproperlyConfigured:
        return False
    return True


def provider_states() -> dict[str, int]:
    """Count providers by state; each of the states that endpoints have is there, if only with 0."""
    with database.connection().cursor() as cursor:
        cursor.execute(_COUNTS, {"now": clock.now()})
        return {**dict.fromkeys(STATES, 0), **dict(cursor.fetchall())}
