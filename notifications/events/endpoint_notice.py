"""The mail to the owner of an endpoint that was disabled because of what it answered."""

import logging

from django.db import transaction

from notifications.api import notify
from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint
from tasks_core import database

logger = logging.getLogger(__name__)

NOTICE = "endpoint-disabled"
"""The built-in template that tells the owner."""


def tell_owner(endpoint: Endpoint, reason: str) -> None:
    """Write to the owner, if the endpoint has one; called in the transaction that disables it."""
    if not endpoint.owner_email:
        return
    try:
        with transaction.atomic(using=database.alias()):
            notify(
                NOTICE,
                to=endpoint.owner_email,
                context={"endpoint": endpoint.name, "url": endpoint.url, "reason": reason[:200]},
            )
    except InvalidNotification as error:
        logger.warning("the owner of endpoint %d gets no mail: %s", endpoint.pk, error)
