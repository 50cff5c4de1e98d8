"""Celery's consumer, made to outlast every error of its broker.

Celery 5.7 reconnects after what kombu calls a connection error. Anything else that the broker answers, or
that fails while the broken connection is cleaned up, ends the worker with status 1: a replica that is still
read-only (`ReadOnlyError`), a full server (`OutOfMemoryError`), one that is busy with a script, or a channel
that cannot give back what it holds because its connection is gone (an `AttributeError` in kombu's
`restore_unacked`). A worker that has consumed once goes on after all of these.
"""

import logging
import time
from typing import Any

from billiard.exceptions import RestartFreqExceeded, WorkerLostError
from celery.bootsteps import CLOSE, TERMINATE
from celery.worker.state import maybe_shutdown
from kombu.utils.imports import symbol_by_name
from redis import RedisError

from tasks_core.worker import process
from tasks_core.worker.unreadable_messages import drop_unreadable

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


def outlast_the_broker(worker: Any) -> None:
    """Give Celery's WorkController such a consumer, whatever its consumer class is."""
    chosen = symbol_by_name(worker.consumer_cls)  # type: ignore[no-untyped-call]
    worker.consumer_cls = type(chosen.__name__, (LastingConsumer, chosen), {})


class LastingConsumer:
    """Comes before Celery's consumer class, and starts it again after an error that would end it."""

    _has_consumed = False
    _pause = FIRST_PAUSE
    _ready_at = float("inf")

    def ensure_connected(self, conn: Any) -> Any:
        """Connect to the broker."""
        drop_unreadable(conn.transport)
        return super().ensure_connected(conn)  # type: ignore[misc]

    def on_ready(self) -> None:
        """Note that the messages come: the configuration is right, and what fails from now on may pass."""
        super().on_ready()  # type: ignore[misc]
        self._has_consumed = True
        self._ready_at = time.monotonic()

    def stop(self) -> None:
        """Stop; whoever asked for it, from here on no further handler may begin."""
        process.ask_to_stop()
        super().stop()  # type: ignore[misc]

    def start(self) -> None:
        """Consume until the worker stops."""
        while True:
            try:
                super().start()  # type: ignore[misc]
            except Exception as error:
                if not self._may_go_on(error):
                    raise
                if self._is_stopping():
                    return
                if time.monotonic() - self._ready_at > LONGEST_PAUSE:
                    self._pause = (
                        FIRST_PAUSE  # it went well for a while: a new trouble, not the last one
                    )
                logger.error(
                    "the broker, or the connection to it, failed; consuming again in %.1f s: %r",
                    self._pause,
                    error,
                    exc_info=error,
                )
                self._clean_up(error)
                self._rest()
            else:
                return

    def _may_go_on(self, error: Exception) -> bool:
        # The pool could not be started, or closed itself because its processes die at once: it takes no more.
        if isinstance(error, (WorkerLostError, RestartFreqExceeded)):
            return False
        return self._has_consumed or isinstance(error, RedisError)

    def _is_stopping(self) -> bool:
        return self.blueprint.state in (CLOSE, TERMINATE)  # type: ignore[attr-defined]

    def _clean_up(self, error: Exception) -> None:
        """Do what Celery does after a connection error; a step that fails holds up none of the others."""
        consumer: Any = self
        if consumer.connection:
            self._try(consumer.on_connection_error_after_connected, error)
            consumer.connection = None
        self._try(consumer.on_close)
        self._try(consumer._cancel_connection_timer_entries)
        self._try(consumer.blueprint.restart, consumer)

    @staticmethod
    def _try(step: Any, *arguments: Any) -> None:
        try:
            step(*arguments)
        except Exception as error:  # noqa: BLE001 whatever a broken connection may raise
            logger.warning("the broken connection could not be cleaned up: %r", error)

    def _rest(self) -> None:
        until = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        while time.monotonic() < until:
            maybe_shutdown()
            time.sleep(0.1)
