"""What a peer must be able to do. Its file runs in its own virtual environment and imports nothing
of the harness but this,
`handlers` and `ledger`.
"""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, TypedDict

#: Rows per statement or call where a peer has a bulk API.
BULK_CHUNK = 1000


class Description(TypedDict):
    """What the harness is told about a peer; it never imports the peer's file."""

    settings: str
    versions: dict[str, str]
    bulk: bool
    schedules: bool
    handlers: list[str]


class Peer(ABC):
    """One task queue with the settings that are fair to it.

    `handler` is one of `handlers`: "noop" and "occupy" (see the module `handlers`), "webhook", "hang"
    (a webhook to a receiver that hangs) and "mail" (see `messages`). Times are seconds since the epoch.
    """

    #: What it can be asked to do.
    handlers: ClassVar[tuple[str, ...]] = ("noop", "occupy")

    #: How it is run, one line for the report.
    settings: ClassVar[str]
    #: Distributions whose versions are reported.
    packages: ClassVar[tuple[str, ...]]
    #: Whether it has a call that enqueues many tasks at once.
    bulk: ClassVar[bool] = False
    #: Whether a task can be enqueued for a later time.
    schedules: ClassVar[bool] = True

    def describe(self) -> Description:
        """The facts the report needs."""
        return Description(
            settings=self.settings,
            versions={name: version(name) for name in self.packages},
            bulk=self.bulk,
            schedules=self.schedules,
            handlers=list(self.handlers),
        )

    def prepare(self) -> None:  # noqa: B027 optional
        """Create the peer's schema in a new database; called once for all runs."""

    def open(self) -> None:  # noqa: B027 optional
        """Connect, so that the first enqueue does not pay for it."""

    @abstractmethod
    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """Enqueue one by one, each durable (in the peer's sense) before the next."""

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """Enqueue one by one, each to start at its time and not before."""
        raise NotImplementedError(f"{type(self).__name__} can't schedule")

    def enqueue_bulk(self, handler: str, ids: Sequence[int]) -> None:
        """Enqueue one chunk, at most `BULK_CHUNK` tasks, with the peer's bulk call."""
        self.enqueue(handler, ids)

    def enqueue_bulk_at(self, handler: str, tasks: Sequence[tuple[int, float]]) -> None:
        """Enqueue one chunk of tasks for later with the bulk call."""
        self.enqueue_at(handler, tasks)

    def declare(self, count: int, cron: str, upcoming: int) -> None:
        """Store `count` schedules that are due as `cron` says, with `upcoming` ticks each."""
        raise NotImplementedError(f"{type(self).__name__} has no ledger of ticks")

    def render(self, count: int) -> float:
        """Render `count` messages from one template; return the seconds."""
        raise NotImplementedError(f"{type(self).__name__} has no templates")

    @abstractmethod
    def waiting(self) -> int:
        """Tasks stored and not yet taken by a worker, due or not."""

    @abstractmethod
    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """The worker side's command lines by name: two executing processes and what else is needed.

        `scheduling` says that tasks for later are part of the work, for peers with a process of
        its own for that.
        """


def python(*arguments: str) -> list[str]:
    """A command line that runs this environment's interpreter."""
    return [sys.executable, *arguments]


def program(name: str, *arguments: str) -> list[str]:
    """A command line that runs a script installed in this environment."""
    return [str(Path(sys.executable).parent / name), *arguments]


def database_url() -> str:
    """The run's PostgreSQL database."""
    return os.environ["DATABASE_URL"]


def broker_url() -> str:
    """The run's Valkey."""
    return os.environ["BROKER_URL"]
