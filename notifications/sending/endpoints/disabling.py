"""Endpoints that are disabled because of what they answer, and the notice of it."""

import logging

from django.db import transaction

from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint
from notifications.sending.endpoints.registration import disable
from notifications.signals import endpoint_disabled
from tasks_core import database

logger = logging.getLogger(__name__)

NOTICE = "endpoint-disabled"
"""The built-in template that tells the owner."""


def disable_automatically(endpoint_id: int, *, reason: str) -> bool:
    """Switch an endpoint off and tell its owner and the project; False if it was off."""
    if not disable(endpoint_id, reason=reason):
        return False
    endpoint = Endpoint.objects.get(pk=endpoint_id)
    logger.warning("endpoint %d was disabled: %s", endpoint_id, reason)
    if endpoint.owner_email:
        _tell_owner(endpoint, reason)
    transaction.on_commit(
        lambda: endpoint_disabled.send_robust(
            sender=Endpoint, endpoint_id=endpoint_id, reason=reason
        ),
        using=database.alias(),
    )
    return True


def _tell_owner(endpoint: Endpoint, reason: str) -> None:
    from notifications.api import notify  # which needs this module, by way of the task types

    try:
        with transaction.atomic(using=database.alias()):
            notify(
                NOTICE,
                to=endpoint.owner_email,
                context={"endpoint": endpoint.name, "url": endpoint.url, "reason": reason[:200]},
            )
    except InvalidNotification as error:
        logger.warning("the owner of endpoint %d gets no mail: %s", endpoint.pk, error)
