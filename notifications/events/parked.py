"""Tell people that a subscriber of events is parked."""

import logging

from django.db import transaction

from notifications import conf
from notifications.api import notify
from notifications.exceptions import NotificationsError
from tasks_core import database

logger = logging.getLogger(__name__)

TEMPLATE = "subscriber-parked"
CATEGORY = "alert"


def tell_of_parked(subscriber: str, error: str) -> None:
    """Send the built-in message to ``ALERT_RECIPIENTS``; one that cannot be sent is logged."""
    for to in conf.current().alert_recipients:
        try:
            with transaction.atomic(using=database.alias()):
                notify(
                    TEMPLATE,
                    to=to,
                    context={"subscriber": subscriber, "error": error},
                    category=CATEGORY,
                    critical=True,
                )
        except NotificationsError as problem:
            logger.error(
                "ALERT_RECIPIENTS: nobody is told that subscriber %s is parked: %s",
                subscriber,
                problem,
            )
