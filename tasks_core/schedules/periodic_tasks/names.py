"""Give mirrors the names of their periodic tasks, as far as those are free among the schedules."""

from collections.abc import Sequence

from tasks_core.models import Schedule
from tasks_core.schedules.periodic_tasks.source import source_of
from tasks_core.schedules.periodic_tasks.writing import Change

ROOM = 170
"""What a name may have beside the number that tells it apart."""


def name_apart(changes: Sequence[Change]) -> None:
    """Name the schedules that are wanted; two that swap their names do not get into each other's way."""
    wanted = [change for change in changes if change.wanted is not None]
    ours = [source_of(change.row.pk) for change in wanted]
    names = [change.row.name for change in wanted]
    others = Schedule.objects.existing().filter(name__in=names).exclude(source__in=ours)
    taken = set(others.values_list("name", flat=True))
    for change in wanted:
        schedule, name = change.wanted, change.row.name
        assert schedule is not None
        if name in taken:
            name = f"{name[:ROOM]} (periodic task {change.row.pk})"
        if not schedule._state.adding and schedule.name != name:
            Schedule.objects.filter(pk=schedule.pk).update(name=source_of(change.row.pk))
        schedule.name = name
