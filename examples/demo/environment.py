"""The settings that the demo gives to the platform: its receivers, and short waits."""

import os

RETRY_POLICY = "demo"
DISABLE_AFTER_SECONDS = 30
"""Of nothing but failures: days in earnest, and long enough for a killed worker to come back."""


def apply(mail_port: int) -> None:
    """Set the variables, before Django's settings are read; the platform's processes inherit them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
    os.environ.update(
        {
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "DEFAULT_FROM_EMAIL": "Example Pay <no-reply@pay.example>",
            # The merchants' endpoints are on this machine, which is refused otherwise.
            "BELLRINGER_OUTGOING_ALLOWED_NETWORKS": "127.0.0.1/32",
            "BELLRINGER_OUTGOING_HTTPS_ONLY": "false",
            "BELLRINGER_OUTGOING_TOTAL_TIMEOUT": "2",
            "BELLRINGER_EMAIL_RETRY_POLICY": RETRY_POLICY,
            "BELLRINGER_WEBHOOK_RETRY_POLICY": RETRY_POLICY,
            "BELLRINGER_SMS_RETRY_POLICY": RETRY_POLICY,
            "BELLRINGER_WEBHOOK_DISABLE_AFTER_DAYS": f"{DISABLE_AFTER_SECONDS / 86_400:.8f}",
            # So that a killed worker is missed in seconds.
            "BELLRINGER_LEASE_SECONDS": "6",
            "BELLRINGER_LOST_MESSAGE_SECONDS": "3",
            "BELLRINGER_SHUTDOWN_GRACE_SECONDS": "5",
        }
    )


def make_retry_policy() -> None:
    """Make sure of the demo's retry policy: it gives up within eight seconds."""
    from tasks_core.models import RetryPolicy

    RetryPolicy.objects.get_or_create(
        name=RETRY_POLICY,
        defaults={
            "strategy": "exponential",
            "max_attempts": 5,
            "initial": 0.5,
            "factor": 2.0,
            "cap": 4.0,
            "jitter": "proportional",
            "jitter_ratio": 0.1,
        },
    )
