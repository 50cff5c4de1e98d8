"""What to call and how: the columns that cron triggers and one-off events have in common."""

from typing import ClassVar

from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn


class WebhookCall(PlatformModel):
    """A webhook, its payload and headers, its transforms, and when to try again.

    The columns hold what ``notifications.triggers.definition`` has checked.
    """

    sealed_columns: ClassVar = (SealedColumn(name="headers", key="sealed"),)

    webhook = models.CharField(
        max_length=2048,
        help_text="Where the request goes. {{NAME}} is replaced from an allowed environment variable.",
    )
    payload = models.JSONField(
        null=True, blank=True, help_text="Any JSON. Operators can see it; empty is sent as null."
    )
    headers = models.JSONField(
        default=list,
        blank=True,
        help_text='A list of {"name": ..., "value": ...} or {"name": ..., "value_from_env": ...}.',
    )
    retry_conf = models.JSONField(
        default=dict,
        blank=True,
        help_text="num_retries, retry_interval_seconds, timeout_seconds, tolerance_seconds, "
        "and how the interval grows.",
    )
    request_transform = models.JSONField(
        null=True, blank=True, help_text="Changes method, URL, headers and body of the request."
    )
    response_transform = models.JSONField(
        null=True, blank=True, help_text="Changes the body of the response before it is logged."
    )
    comment = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
