"""A log outside the platform: each line says that a handler began or ended, and when.

Lines are short and written with one call to a file opened for appending, so those of several processes
never mix, and what was written survives the death of its writer.
"""

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "TEST_JOURNAL"


def write(word: str, task_id: int, attempt: int) -> None:
    """Append one line to the journal that the environment names."""
    line = f"{word} {task_id} {attempt} {os.getpid()} {time.monotonic_ns()}\n"
    descriptor = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Line:
    word: str
    task_id: int
    attempt: int
    pid: int
    at: int


def read(path: Path) -> list[Line]:
    """Return all complete lines, in the order in which they were written."""
    if not path.exists():
        return []
    lines = [line.split() for line in path.read_text().splitlines()]
    return [Line(word, *map(int, numbers)) for word, *numbers in lines]


def begun(path: Path) -> dict[int, list[Line]]:
    """Return the beginnings of each task."""
    found: dict[int, list[Line]] = defaultdict(list)
    for line in read(path):
        if line.word == "begin":
            found[line.task_id].append(line)
    return found


def given_back(path: Path) -> set[int]:
    """Return the tasks whose handler has given back what it held when it was cancelled."""
    return {line.task_id for line in read(path) if line.word == "given_back"}


def overlaps(path: Path) -> list[tuple[Line, Line]]:
    """Return pairs of executions of one task of which the second began before the first ended.

    An execution without an end was killed; it ended when its process did, before the next began.
    """
    running: dict[int, dict[int, Line]] = defaultdict(dict)
    ends = {(line.task_id, line.attempt) for line in read(path) if line.word == "end"}
    found = []
    for line in read(path):
        mine = running[line.task_id]
        if line.word == "begin":
            found += [(other, line) for other in mine.values()]
            if (line.task_id, line.attempt) in ends:
                mine[line.attempt] = line
        else:
            mine.pop(line.attempt, None)
    return found
