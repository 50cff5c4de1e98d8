"""Endpoints that are disabled because of what they answer."""

import logging

from django.db import transaction

from notifications.models.endpoint import Endpoint
from notifications.sending.endpoints.registration import disable
from notifications.signals import endpoint_disabled, endpoint_disabling
from tasks_core import database

logger = logging.getLogger(__name__)


def disable_automatically(endpoint_id: int, *, reason: str) -> bool:
    """Switch an endpoint off and tell its owner and the project; False if it was off."""
    if not disable(endpoint_id, reason=reason):
        return False
    endpoint = Endpoint.objects.get(pk=endpoint_id)
    logger.warning("endpoint %d was disabled: %s", endpoint_id, reason)
    endpoint_disabling.send(sender=Endpoint, endpoint=endpoint, reason=reason)
    transaction.on_commit(
        lambda: endpoint_disabled.send_robust(
            sender=Endpoint, endpoint_id=endpoint_id, reason=reason
        ),
        using=database.alias(),
    )
    return True
