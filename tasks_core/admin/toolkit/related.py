"""Links from a task's page to what other apps know of it."""

from collections.abc import Callable, Iterable

from tasks_core.admin.toolkit.record import Fact
from tasks_core.models import Task

Provider = Callable[[Task], Iterable[Fact]]

_providers: list[Provider] = []


def link_tasks(provider: Provider) -> Provider:
    """Let ``provider`` add facts to the page of a task; call it in the app's ``admin`` module."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def related_facts(task: Task) -> list[Fact]:
    """Return what other apps have to say about a task."""
    return [fact for provider in _providers for fact in provider(task)]
