"""Enqueuing one by one, each with its own commit; no workers."""

from benchmarks.arena import Arena
from benchmarks.works.interface import Column, Figures, Size, Work, everyone


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue for the given time, then compare what is stored with what was enqueued."""
    reply = arena.producer.ask("one_by_one_for", handler="noop", first=0, seconds=size.shortest_run)
    return stored(arena, reply["count"], reply["seconds"], reply["cpu_seconds"])


def stored(arena: Arena, count: int, seconds: float, cpu_seconds: float) -> Figures:
    """The figures of enqueuing `count` tasks, all of which must be there."""
    waiting = arena.producer.ask("waiting")["waiting"]
    return {
        "per_s": count / seconds,
        "cpu_producer": cpu_seconds / count * 1000,
        "expected": count,
        "missing": max(0, count - waiting),
        "duplicates": max(0, waiting - count),
    }


WORK = Work(
    name="enqueue",
    title="Enqueuing one by one",
    explanation=(
        "One producer, each task its own commit, no workers running. The stored tasks are counted "
        "afterwards."
    ),
    columns=(Column("per_s", "tasks/s"), Column("cpu_producer", "producer's CPU s per 1,000", 3)),
    run=run,
    suits=everyone,
)
