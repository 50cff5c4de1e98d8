"""One thing that a digest will tell."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class DigestItem(PlatformModel):
    """Its variables. The row goes in the transaction that makes the digest's notification."""

    digest = models.ForeignKey(
        "notifications.Digest", on_delete=models.CASCADE, related_name="items"
    )
    context = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"item {self.pk} of digest {self.digest_id}"
