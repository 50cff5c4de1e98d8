"""A deadline that passes while notify stores the notification."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from notifications.api import notify
from notifications.exceptions import InvalidNotification
from notifications.models import Notification, TemplateVersion
from tasks_core.models import Task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=3)]


def test_a_deadline_that_passes_during_the_call_is_named_and_nothing_is_stored(
    code_template: TemplateVersion, process_environment: dict[str, str]
) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=0.3)
    with psycopg.connect(process_environment["DATABASE_URL"]) as other:
        # What another caller with the same key would hold until it commits.
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('login-1', 7462))")
        passed = threading.Timer(0.4, other.rollback)
        passed.start()
        with pytest.raises(InvalidNotification, match="expires_at: passed while"):
            notify(
                "one-time-code",
                to="ada@example.com",
                context={"name": "Ada"},
                secret_context={"code": "7GQ4KM2X"},
                expires_at=expires_at,
                category="otp",
                supersede_key="login-1",
            )
        passed.join()
    assert not Notification.objects.exists()
    assert not Task.objects.exists()
