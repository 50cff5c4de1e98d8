"""How the list of tasks is searched: by what has an index."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from tasks_core.models import Task
from tasks_core.registry import task_types

HELP = "Id, type, idempotency key, correlation id or tag"
MAX_ID = 2**63 - 1


def search(tasks: QuerySet[Task], term: str) -> QuerySet[Task]:
    """Return the tasks that ``term`` names in one of the ways that ``HELP`` lists.

    All but the type are exact, because the table may be too large to look for parts of words.
    """
    term = term.strip()
    if not term:
        return tasks
    names = list(task_types())
    if term in names:
        return tasks.filter(task_type=term)
    found = Q(unique_key__in=[f"{name}:{term}" for name in names])
    found |= Q(tags__contains=[term]) & ~Q(tags=[])  # the second half makes the index usable
    found |= Q(correlation_id=term)
    if term.isdecimal() and int(term) <= MAX_ID:
        found |= Q(pk=int(term))
    similar = [name for name in names if term.lower() in name.lower()]
    if similar:
        found |= Q(task_type__in=similar)
    return tasks.filter(found)
