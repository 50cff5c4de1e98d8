"""Where the platform meets the life of a Celery worker: queues, heartbeats, a clean stop."""

import logging
import os
from typing import Any

from celery import signals
from django.db import close_old_connections

from tasks_core import database
from tasks_core.broker.consumed_queues import consume
from tasks_core.database import session_state
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.sessions import Sessions
from tasks_core.events.queues import queue_names
from tasks_core.lanes import expand
from tasks_core.liveness import canary, canary_task
from tasks_core.liveness.stop_guard import PoolProcessGuard, WorkerGuard
from tasks_core.liveness.worker_life import WorkerLife
from tasks_core.logs.fields import set_worker_name
from tasks_core.registry import task_types
from tasks_core.worker import interpreter, process
from tasks_core.worker.consumer import outlast_the_broker
from tasks_core.worker.hard_limits import allow_ending_the_process
from tasks_core.worker.unknown_messages import put_aside

logger = logging.getLogger(__name__)

_life: WorkerLife | None = None
_guard: WorkerGuard | None = None
_main_pid: int | None = None


def connect() -> None:
    """Connect to Celery's signals; calling it again changes nothing."""
    canary_task.expose()
    for signal, receiver in (
        (signals.celeryd_init, _begin_main),
        (signals.worker_init, _prepare),
        (signals.celeryd_after_setup, _consume_lanes),
        (signals.worker_ready, _register),
        (signals.worker_process_init, _begin_child),
        (signals.worker_shutting_down, _ask_to_stop),
        (signals.worker_process_shutdown, _drain),
        (signals.worker_shutdown, _sign_off),
        (signals.task_prerun, _check_connections),
        (signals.task_unknown, _postpone_unknown),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"tasks_core.{receiver.__name__}")


def _prepare(sender: Any, **_: Any) -> None:
    process.resume()
    outlast_the_broker(sender)


def _consume_lanes(instance: Any, **_: Any) -> None:
    """Consume the lanes of the queues named with -Q, or of all queues without it."""
    _refuse_hard_limits(instance.pool_cls)
    queues = instance.app.amqp.queues
    is_chosen = queues._consume_from is not None
    names = list(queues.consume_from) if is_chosen else queue_names()
    consume([name for name in names if "." not in name])
    for lane in expand(names):
        queues.select_add(lane, routing_key=lane)
    canary.add_queue(queues, instance.hostname, instance.app.conf.broker_url)


def _refuse_hard_limits(pool: Any) -> None:
    """Only a process of its own can be ended: a limit that cannot be kept must not be promised."""
    hard = sorted(name for name, kind in task_types().items() if kind.max_runtime_hard is not None)
    path = pool if isinstance(pool, str) else pool.__module__
    if hard and "prefork" not in path:
        logger.critical(
            "max_runtime_hard of %s needs the prefork pool, not %s; start this worker with "
            "--pool prefork, or give the types a max_runtime only",
            ", ".join(hard),
            path,
        )
        raise SystemExit(
            os.EX_CONFIG
        )  # Celery would log any other exception of a receiver and go on


def _register(sender: Any, **_: Any) -> None:
    global _life, _guard
    worker = sender.controller if hasattr(sender, "controller") else sender
    _life = WorkerLife(worker)
    _life.begin()
    _guard = WorkerGuard(worker.pool)
    _guard.start()


def _begin_main(sender: str, **_: Any) -> None:
    global _main_pid
    _main_pid = os.getpid()
    set_worker_name(sender)
    session_state.connect()  # now that all apps have connected what sets something in a session


def _begin_child(**_: Any) -> None:
    """Called in each child of the prefork pool; the solo pool calls it in the main process."""
    if os.getpid() != _main_pid:
        allow_ending_the_process()
        interpreter.tune_gc()
        interpreter.shorten_switch_interval()
        PoolProcessGuard(_main_pid or os.getppid()).start()


def _ask_to_stop(**_: Any) -> None:
    process.ask_to_stop()


def _drain(**_: Any) -> None:
    process.drain()


def _sign_off(**_: Any) -> None:
    """The end of the main process; in the solo and threads pools it has run the tasks itself."""
    process.drain()
    if _life is not None:
        _life.end()
    if _guard is not None and os.getpid() != _main_pid:
        # A worker within another program, which goes on. One of its own has yet to end its process.
        _guard.leave()
        process.resume()


def _check_connections(task: Any, **_: Any) -> None:
    """Replace connections that the last message left broken, or that the database has closed since.

    That of the platform is not asked beforehand, which would be a statement for each message: claiming is the
    first use of it, and does without an answer what is to be done (see claiming).
    """
    if getattr(task.request, "is_eager", False):
        return  # it runs in the midst of the caller's own work
    sessions = Sessions(of_others=True)
    sessions.replace_unsound("what ran here before")
    sessions.replace_dead()
    with answers_within():
        close_old_connections()
    if task.name in task_types():
        database.connection().health_check_done = True  # type: ignore[attr-defined]


def _postpone_unknown(message: Any, name: str, **_: Any) -> None:
    """Put tasks aside that this worker cannot run: another one, or the next release, may."""
    if ids := _ids(message):
        put_aside(name, ids)


def _ids(message: Any) -> list[int]:
    try:
        ids = message.decode()[0][0]
    except (IndexError, KeyError, TypeError, ValueError):
        return []
    return [i for i in ids if isinstance(i, int)] if isinstance(ids, list) else []
