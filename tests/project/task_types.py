"""Task types that do on command what handlers may do, good and bad. Each keeps the journal."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog
from django.db import transaction
from pydantic import BaseModel, SecretStr

import tasks_core
from tasks_core import Fixed, TaskContext
from tests.project import journal

logger = logging.getLogger(__name__)


@contextmanager
def _journaled(context: TaskContext) -> Iterator[None]:
    journal.write("begin", context.task_id, context.attempt)
    yield
    journal.write("end", context.task_id, context.attempt)


@dataclass(frozen=True)
class Work:
    """How long it takes, in seconds, and a text that must not get out."""

    seconds: float = 0.0
    note: str = ""


@tasks_core.task_type("project.work", retry=Fixed(initial=0.1, max_attempts=5))
def work(payload: Work, context: TaskContext) -> None:
    """Take some time and return."""
    with _journaled(context):
        if payload.seconds:
            time.sleep(payload.seconds)


@tasks_core.task_type(
    "project.work_alone", queue_name="alone", max_batch=1, retry=Fixed(initial=0.1, max_attempts=5)
)
def work_alone(payload: Work, context: TaskContext) -> None:
    """Take some time and return; never in company of others."""
    with _journaled(context):
        time.sleep(payload.seconds)


@tasks_core.task_type(
    "project.wait", queue_name="waiting", retry=Fixed(initial=0.1, max_attempts=5)
)
async def wait(payload: Work, context: TaskContext) -> None:
    """Take some time on the event loop and return."""
    with _journaled(context):
        await asyncio.sleep(payload.seconds)


@tasks_core.task_type(
    "project.hold", queue_name="waiting", retry=Fixed(initial=0.1, max_attempts=5)
)
async def hold(payload: Work, context: TaskContext) -> None:
    """Hold something until the worker takes the task away, and take some time to give it back."""
    journal.write("begin", context.task_id, context.attempt)
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        await asyncio.sleep(payload.seconds)
        journal.write("given_back", context.task_id, context.attempt)
        raise


@tasks_core.task_type("project.together", batch=True, retry=Fixed(initial=0.1, max_attempts=5))
def together(items: list[tasks_core.BatchItem[Work]]) -> Iterator[None]:
    """Take some time for each task of a batch."""
    for item in items:
        with _journaled(item.context):
            time.sleep(item.payload.seconds)
        yield None


@tasks_core.task_type("project.note", retry=Fixed(initial=0.1, max_attempts=5))
def note(payload: Work, context: TaskContext) -> None:
    """Note progress within a transaction of its own, and a checkpoint."""
    with _journaled(context):
        with transaction.atomic():
            context.progress(1, 2)
            time.sleep(payload.seconds)
        context.checkpoint({"at": 1})


@tasks_core.task_type("project.snooze", retry=Fixed(initial=0.1, max_attempts=5))
def snooze(payload: Work, context: TaskContext) -> None:
    """Sleep once, and return the next time."""
    if context.attempt == 1:
        journal.write("begin", context.task_id, context.attempt)
        raise tasks_core.Snooze(0.5)
    with _journaled(context):
        time.sleep(payload.seconds)


@tasks_core.task_type("project.fail", retry=Fixed(initial=0.1, max_attempts=3))
def fail(payload: Work, context: TaskContext) -> None:
    """Fail every time."""
    journal.write("begin", context.task_id, context.attempt)
    journal.write("end", context.task_id, context.attempt)
    raise RuntimeError("this task always fails")


@tasks_core.task_type("project.fail_first", retry=Fixed(initial=2, max_attempts=2))
def fail_first(payload: Work, context: TaskContext) -> None:
    """Fail once, and return at the second attempt."""
    journal.write("begin", context.task_id, context.attempt)
    journal.write("end", context.task_id, context.attempt)
    if context.attempt == 1:
        raise RuntimeError("this task fails first")


@dataclass(frozen=True)
class Login:
    """A secret, and one more text."""

    code: SecretStr
    note: str = ""


@tasks_core.task_type("project.login", retry=Fixed(initial=0.1, max_attempts=2))
def login(payload: Login, context: TaskContext) -> None:
    """Fail, and say more about it than one should."""
    code = payload.code.get_secret_value()
    logger.error("wrong code %s in %s", code, payload.note)
    raise ValueError(f"wrong code {code} in {payload.note}")


@tasks_core.task_type("project.poison", retry=Fixed(initial=0.1, max_attempts=2))
def poison(payload: Work, context: TaskContext) -> None:
    """Kill the process that runs it."""
    journal.write("begin", context.task_id, context.attempt)
    os.kill(os.getpid(), signal.SIGKILL)


class Speaker(BaseModel):
    """Who speaks, and a code that nobody may see."""

    user: str
    code: SecretStr


@tasks_core.task_type("project.talk", retry=Fixed(initial=0.1, max_attempts=1))
def talk(payload: Speaker, context: TaskContext) -> None:
    """Write lines in all the ways that there are, each with the secret."""
    code = payload.code.get_secret_value()
    logging.getLogger("some.library").warning("sending %s", code)
    structlog.get_logger("some.structlog").warning("sending", body={"text": f"use {code}"})
    print(f"printing {code}")  # noqa: T201 handlers do
    tasks_core.enqueue("project.talk_on", {"note": "child"})


@tasks_core.task_type("project.talk_on", queue_name="waiting")
async def talk_on(payload: Work) -> None:
    """Write a line on the event loop."""
    logging.getLogger("some.library").warning("going on")


if os.environ.get("TEST_HARD_LIMIT"):  # other pools than prefork refuse to start with such a type

    @tasks_core.task_type(
        "project.endless", max_runtime_hard=1, retry=Fixed(initial=0.1, max_attempts=2)
    )
    def endless(payload: Work, context: TaskContext) -> None:
        """Neither return nor mind any exception."""
        journal.write("begin", context.task_id, context.attempt)
        while True:
            with suppress(BaseException):
                time.sleep(60)


@tasks_core.task_type(
    "project.poison_on_the_loop", queue_name="waiting", retry=Fixed(initial=0.1, max_attempts=2)
)
async def poison_on_the_loop(payload: Work, context: TaskContext) -> None:
    """Kill the process that runs it, and all others on its event loop."""
    journal.write("begin", context.task_id, context.attempt)
    await asyncio.sleep(payload.seconds)
    os.kill(os.getpid(), signal.SIGKILL)


@tasks_core.task_type(
    "project.once", queue_name="alone", max_batch=1, retry=Fixed(initial=0.1, max_attempts=1)
)
def once(payload: Work, context: TaskContext) -> None:
    """Take some time and return; with one attempt only."""
    with _journaled(context):
        time.sleep(payload.seconds)
