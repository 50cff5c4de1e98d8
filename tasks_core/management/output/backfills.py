"""Backfills as commands show them."""

from typing import Any

from tasks_core.models import Backfill

BACKFILL_COLUMNS = ("id", "schedule", "start", "end", "order", "reprocess", "concurrency")


def describe_backfill(plan: Backfill) -> dict[str, Any]:
    """Return what was asked for, and how far it has come."""
    return {
        "id": plan.pk,
        "schedule": plan.schedule.name,
        "start": plan.start,
        "end": plan.end,
        "order": str(plan.order),
        "reprocess": str(plan.reprocess),
        "concurrency": plan.concurrency,
        "created_by": plan.created_by,
        "created_at": plan.created_at,
        "looked_at": plan.looked_at,
        "enqueued": plan.enqueued,
        "cancelled_at": plan.cancelled_at,
    }
