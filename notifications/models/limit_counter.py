"""How much of a limit has been used in one window of time."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class LimitCounter(PlatformModel):
    """One row for each limit, subject and window; changed by one statement (``limits.counters``).

    ``subject`` is a keyed hash where it is about a person, so the table tells no addresses.
    """

    name = models.CharField(max_length=40, help_text="Which limit, such as otp_recipient.")
    subject = models.CharField(max_length=64, help_text="Keyed hash of a person, or a country.")
    seconds = models.PositiveIntegerField(help_text="Length of the window.")
    window_start = models.DateTimeField()
    ends_at = models.DateTimeField()
    used = models.BigIntegerField()
    most = models.BigIntegerField(help_text="The limit as it was when the window was last used.")

    class Meta:
        verbose_name = "limit"
        constraints = (
            models.UniqueConstraint(
                fields=("name", "subject", "seconds", "window_start"),
                name="notifications_limit_window",
            ),
        )
        indexes = (models.Index(fields=("ends_at",), name="notifications_limit_ended"),)

    def __str__(self) -> str:
        return f"{self.name} until {self.ends_at:%Y-%m-%d %H:%M:%S} UTC"
