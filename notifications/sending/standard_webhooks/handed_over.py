"""Signing secrets, to hand over to whoever checks our signatures or signs for us."""

from notifications.models import Endpoint, EventSource
from notifications.sending.standard_webhooks import secrets
from tasks_core import clock


def live_secrets(holder: Endpoint | EventSource) -> list[str]:
    """Return the secrets of an endpoint or an event source that count now, the newest first.

    The first is the one to hand over; the others end when their grace time is over.

    Raises:
        ImproperlyConfigured: none of ``ENCRYPTION_KEYS`` opens one of them.
    """
    return secrets.live_secrets(holder.secrets, clock.now())
