"""A receiver of webhooks: its address and the secrets that sign what it gets."""

from __future__ import annotations

from django.db import models


class Endpoint(models.Model):
    """One webhook receiver. Its secrets are sealed and are never shown again."""

    name = models.CharField(max_length=100, unique=True, help_text="Who receives, for people.")
    url = models.CharField(max_length=2048, help_text="Where requests go; https unless allowed.")
    secrets = models.JSONField(
        default=list,
        editable=False,
        help_text="Sealed signing secrets, newest first, each with the instant it retires.",
    )
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("url",), name="notifications_endpoint_url"),)

    def __str__(self) -> str:
        return self.name
