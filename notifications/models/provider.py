"""An account with a company that carries messages: an SMS gateway, a bot, a push key."""

from __future__ import annotations

from django.db import models


class Provider(models.Model):
    """Where a channel's messages are handed over. Its credentials are sealed and never shown again.

    A channel tries its enabled providers in the order of ``position``; a later one only when the
    earlier ones cannot take a message now (``notifications.providers.failover``).
    """

    name = models.CharField(max_length=100, unique=True, help_text="For people, such as sms-main.")
    channel = models.CharField(max_length=20, help_text="The channel that it carries.")
    kind = models.CharField(max_length=40, help_text="Whose interface it speaks, such as twilio.")
    base_url = models.CharField(
        max_length=2048, blank=True, help_text="Where its interface is; empty for the usual place."
    )
    options = models.JSONField(default=dict, blank=True, help_text="What is not secret, by name.")
    credentials = models.TextField(editable=False, help_text="Sealed JSON.")
    position = models.IntegerField(default=0, help_text="Lower ones are tried first.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("channel", "position", "pk")

    def __str__(self) -> str:
        return self.name
