"""An address that nothing is sent to, and why."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from notifications.rules.suppressions import Reason
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class SuppressionQuerySet(PlatformQuerySet["Suppression"]):
    """Entries of the list, asked for in the words of the app."""

    def holding(self, now: datetime) -> "SuppressionQuerySet":
        """Those that have not expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now))


class Suppression(PlatformModel):
    """One reason for one address, on one channel, for one category or all.

    The address itself is stored only if ``SUPPRESSION_KEEP_ADDRESSES`` says so: its keyed hash is enough
    to keep to the list, and tells nobody who is on it.
    """

    channel = models.CharField(max_length=20)
    address_hash = models.CharField(
        max_length=32, help_text="Keyed hash of the address in its normal form."
    )
    address = models.CharField(max_length=2048, blank=True, help_text="Empty unless it is kept.")
    category = models.CharField(max_length=64, blank=True, help_text="Key; empty for all.")
    reason = models.CharField(
        max_length=16, choices=[(one.value, one.value.replace("_", " ")) for one in Reason]
    )
    source = models.CharField(
        max_length=50, help_text="Who put it there: a provider, a page, a user."
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it holds for ever.")

    objects: ClassVar = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ("-id",)
        constraints = (
            readable("notifications_suppression", "expires_at"),
            models.UniqueConstraint(
                fields=("address_hash", "channel", "category", "reason"),
                name="notifications_suppression_key",
            ),
        )
        indexes = (
            models.Index(
                fields=("expires_at",),
                condition=Q(expires_at__isnull=False),
                name="notifications_suppression_ends",
            ),
        )

    def __str__(self) -> str:
        return f"Suppression {self.pk}"
