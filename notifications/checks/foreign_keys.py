"""Foreign keys of other apps that would keep messages for ever."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from tasks_core.checks.foreign_keys import keeping, referring

ID = "notifications.W010"


def foreign_keys_let_rows_go(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Name the keys to rows that are removed by age and could not be."""
    from notifications import models

    by_django = (
        models.Broadcast,
        models.BroadcastReceiver,
        models.Delivery,
        models.DeliveryAttempt,
        models.Digest,
        models.DigestItem,
        models.InboxMessage,
        models.Notification,
        models.SoftBounces,
        models.Suppression,
    )
    by_the_database = (
        models.KeptCode,
        models.LimitCounter,
        models.ProviderEvent,
        models.TriggerEvent,
        models.TriggerInvocation,
    )
    return [*keeping(by_django, id=ID), *referring(by_the_database, id=ID)]
