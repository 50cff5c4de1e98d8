"""The reports: what takes hours is not measured again because something else has changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.goals import MESSAGE_GOALS, TASK_GOALS, Goal
from benchmarks.works.interface import Work
from benchmarks.works.registry import MESSAGES, TASKS


@dataclass(frozen=True)
class Book:
    """One report: the file's name beside this one, what it is about, and its works and goals."""

    file: str
    title: str
    works: Mapping[str, Work]
    goals: tuple[Goal, ...]


BOOKS = (
    Book("RESULTS.md", "Benchmarks: tasks and schedules", TASKS, TASK_GOALS),
    Book("RESULTS-messages.md", "Benchmarks: messages", MESSAGES, MESSAGE_GOALS),
)
