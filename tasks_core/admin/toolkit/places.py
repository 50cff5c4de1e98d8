"""Addresses inside the admin."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_core.admin.toolkit.blocks import link
from tasks_core.models import RetryPolicy, Schedule


def task_link(task_id: int) -> SafeString:
    """Return a link to a task's page."""
    return link(reverse("admin:tasks_core_task_change", args=[task_id]), f"task #{task_id}")


def dead_letter_link(dead_letter_id: int) -> SafeString:
    """Return a link to a dead letter's page."""
    url = reverse("admin:tasks_core_deadletter_change", args=[dead_letter_id])
    return link(url, f"dead letter #{dead_letter_id}")


def retry_policy_link(policy: RetryPolicy) -> SafeString:
    """Return a link to a retry policy's page."""
    return link(reverse("admin:tasks_core_retrypolicy_change", args=[policy.pk]), policy.name)


def schedule_link(schedule: Schedule) -> SafeString:
    """Return a link to a schedule's page."""
    return link(reverse("admin:tasks_core_schedule_change", args=[schedule.pk]), schedule.name)


def backfill_link(backfill_id: int) -> SafeString:
    """Return a link to a backfill's page."""
    url = reverse("admin:tasks_core_backfill_change", args=[backfill_id])
    return link(url, f"backfill #{backfill_id}")


def list_url(model: str, **parameters: object) -> str:
    """Return the address of a list, such as ``tasks_core_task``, with filters."""
    query = urlencode({name: str(value) for name, value in parameters.items()})
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")
