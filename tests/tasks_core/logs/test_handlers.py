"""Lines written while a handler runs say which task and attempt they belong to."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pydantic import BaseModel, SecretStr

import tasks_core
from tasks_core import Fixed, TaskContext, logs
from tasks_core.engine.redaction import MASK
from tasks_core.models import Task
from tasks_core.testing import run_due
from tasks_core.worker.executor import execute
from tests.support.life import queue
from tests.support.waiting import wait_until
from tests.tasks_core.logs.lines import Lines, logger

pytestmark = pytest.mark.usefixtures("transactional_db")

FIELDS = ("task_id", "task_type", "attempt", "correlation_id")


class Login(BaseModel):
    user: str
    code: SecretStr


def test_line_of_any_logger_tells_task_and_attempt(lines: Lines) -> None:
    @tasks_core.task_type("talk", retry=Fixed(initial=0, max_attempts=2))
    def talk(payload: dict[str, Any], context: TaskContext) -> None:
        logger.info("calling")
        if context.attempt == 1:
            raise RuntimeError("again")

    task = tasks_core.enqueue("talk", {}, correlation_id="order-7")
    run_due()
    logger.info("after")

    first, second = lines.of("calling")
    assert [first[name] for name in FIELDS] == [task.pk, "talk", 1, "order-7"]
    assert [second[name] for name in FIELDS] == [task.pk, "talk", 2, "order-7"]
    [after] = lines.of("after")
    assert not set(FIELDS) & set(after)


def test_concurrent_handlers_do_not_mix(lines: Lines) -> None:
    everyone = 20
    arrived: list[int] = []
    everyone_is_there = asyncio.Event()

    @tasks_core.task_type("talk", max_concurrency=everyone)
    async def talk(payload: dict[str, Any], context: TaskContext) -> None:
        logger.info("begin", extra={"of": context.task_id})
        arrived.append(context.task_id)
        if len(arrived) == everyone:
            everyone_is_there.set()
        await everyone_is_there.wait()
        logger.info("middle", extra={"of": context.task_id})
        await sync_to_async(logger.info)("thread", extra={"of": context.task_id})
        await asyncio.create_task(_said_later(context.task_id))

    ids = [tasks_core.enqueue("talk", {}, correlation_id=f"c{n}").pk for n in range(everyone)]
    queue()
    execute("talk", ids, worker="w")
    wait_until(lambda: Task.objects.filter(state="SUCCEEDED").count() == everyone)

    said = [line for line in lines.all() if "of" in line]
    assert len(said) == 4 * everyone
    assert all(line["task_id"] == line["of"] for line in said)
    assert {(line["of"], line["correlation_id"]) for line in said} == {
        (task_id, f"c{n}") for n, task_id in enumerate(ids)
    }


async def _said_later(task_id: int) -> None:
    await asyncio.sleep(0)
    logger.info("later", extra={"of": task_id})


def test_secrets_of_the_payload_are_in_no_line_of_its_handler(lines: Lines) -> None:
    @tasks_core.task_type("login", retry=Fixed(initial=0, max_attempts=1))
    def login(payload: Login) -> None:
        code = payload.code.get_secret_value()
        logger.info("sending %s to %s", code, payload.user)
        logger.info("%s", {"text": f"use {code}"}, extra={"number": int(code)})
        logs.hide("derived-4711")
        logger.info("derived-4711")
        try:
            raise ValueError(f"rejected {code}")
        except ValueError:
            logger.exception("failed")

    tasks_core.enqueue("login", {"user": "ada", "code": "73915264"})
    run_due()
    logger.info("derived-4711")

    assert "73915264" not in lines.text
    assert lines.of(f"sending {MASK} to ada")
    assert lines.of(MASK)
    assert len(lines.of("derived-4711")) == 1


def test_task_without_correlation_id_has_one_of_its_own(lines: Lines) -> None:
    @tasks_core.task_type("child")
    def child(payload: dict[str, Any]) -> None:
        logger.info("child")

    @tasks_core.task_type("parent")
    def parent(payload: dict[str, Any]) -> None:
        logger.info("parent")
        tasks_core.enqueue("child", {})

    task = tasks_core.enqueue("parent", {})
    run_due()

    assert task.correlation_id == ""
    [told] = {line["correlation_id"] for line in lines.of("parent") + lines.of("child")}
    assert told == f"task-{task.pk}" == Task.objects.get(task_type="child").correlation_id


def test_line_about_a_handler_that_has_ended_tells_its_task(lines: Lines) -> None:
    @tasks_core.task_type("open")
    def leave_open(payload: dict[str, Any]) -> None:
        from django.db import connection

        connection.set_autocommit(False)

    task = tasks_core.enqueue("open", {}, correlation_id="c")
    queue()
    execute("open", [task.pk], worker="w")

    [line] = [line for line in lines.all() if "left a transaction open" in line["event"]]
    assert [line[name] for name in FIELDS] == [task.pk, "open", 1, "c"]


def test_thread_that_a_handler_starts_by_itself_has_no_task(lines: Lines) -> None:
    @tasks_core.task_type("talk")
    def talk(payload: dict[str, Any]) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(logging.getLogger("pool").info, "elsewhere").result()

    tasks_core.enqueue("talk", {})
    run_due()

    [line] = lines.of("elsewhere")
    assert "task_id" not in line
