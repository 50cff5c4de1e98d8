"""Subscribers that note in a file what they get, in the order in which they get it."""

import os
from collections.abc import Sequence
from pathlib import Path

import tasks_core
from tasks_core.events import Event, TaskCompleted

VARIABLE = "TEST_EVENTS"
"""The folder of the files, one for each subscriber. Without it nobody subscribes."""


def _note(name: str, events: Sequence[Event]) -> None:
    lines = "".join(f"{event.id} {event.task_id}\n" for event in events)
    path = Path(os.environ[VARIABLE]) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, lines.encode())
    finally:
        os.close(descriptor)


def note_all(events: Sequence[Event]) -> None:
    """Note all events."""
    _note("all", events)


def note_completed(events: Sequence[Event]) -> None:
    """Note the ends that went well."""
    _note("completed", events)


def received(folder: Path, name: str) -> list[tuple[int, int]]:
    """Return what a subscriber got: ids of events and of their tasks."""
    path = folder / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(event), int(task)) for event, task in (line.split() for line in lines)]


if os.environ.get(VARIABLE):
    tasks_core.subscribe("all", [], note_all, batch_size=1_000, start="beginning")
    tasks_core.subscribe("completed", [TaskCompleted], note_completed, start="beginning")
