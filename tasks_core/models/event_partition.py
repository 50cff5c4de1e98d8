"""How far the events of an old day have been summarized."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.transaction_id import TransactionIdField


class EventPartition(PlatformModel):
    """A day whose events are being summarized, from the first batch until its partition is dropped.

    Events of tasks up to ``position``, written before ``boundary``, are in their task's summary already.
    """

    day = models.DateField(primary_key=True)
    position = models.BigIntegerField(default=0, help_text="The last task summarized so far.")
    boundary = TransactionIdField(
        help_text="Transactions from this one on may have written after the first look."
    )
    compacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"events of {self.day:%Y-%m-%d}"
