"""How the list of tasks is searched: by what has an index."""

from django.db.models import Q, QuerySet

from tasks_core import clock
from tasks_core.client.unique import Unique
from tasks_core.engine.bigint import bigint
from tasks_core.models import Task
from tasks_core.registry import task_types

HELP = "Id, type, idempotency key, correlation id or tag"


def search(tasks: QuerySet[Task], term: str) -> QuerySet[Task]:
    """Return the tasks that ``term`` names in one of the ways that ``HELP`` lists.

    All but the type are exact, because the table may be too large to look for parts of words. The
    correlation id comes last, because it is the only one that may have to look at every row.
    """
    term = term.strip()
    if not term:
        return tasks
    similar = [name for name in task_types() if term.lower() in name.lower()]
    if similar:
        return tasks.filter(task_type__in=similar)
    indexed = _by_index(term)
    if tasks.model._default_manager.filter(indexed).exists():
        return tasks.filter(indexed)
    return tasks.filter(correlation_id=term)


def _by_index(term: str) -> Q:
    found = Q(unique_key__in=[_unique_key(name, term) for name in task_types()])
    found |= Q(tags__contains=[term]) & ~Q(tags=[])  # the second half makes the index usable
    if (task_id := bigint(term)) is not None:
        found |= Q(pk=task_id)
    return found


def _unique_key(task_type: str, idempotency_key: str) -> str:
    unique = Unique(key=idempotency_key, until="forever")
    return unique.key_of(task_type, "", now=clock.now())
