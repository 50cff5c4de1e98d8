"""The consumer that outlasts its broker, before a stand-in for Celery's that fails as it does."""

import inspect
from typing import Any

import pytest
from billiard.exceptions import RestartFreqExceeded, WorkerLostError
from celery.bootsteps import CLOSE, RUN
from celery.worker.consumer import Consumer
from redis.exceptions import ReadOnlyError, ResponseError

from scheduler_project.celery import app
from tasks_core.worker import consumer
from tasks_core.worker.consumer import LastingConsumer

NO_HOSTNAME = AttributeError("'NoneType' object has no attribute 'hostname'")


class Blueprint:
    state = RUN

    def restart(self, _: Any) -> None:
        """Do as a step that fails."""
        raise NO_HOSTNAME


class FailingConsumer:
    """Fails with each of ``errors`` in turn, and then ends in good order."""

    def __init__(self, *errors: Exception, is_ready: bool = True) -> None:
        self.errors = list(errors)
        self.is_ready = is_ready
        self.blueprint = Blueprint()
        self.connection: object | None = None
        self.cleaned = 0

    def on_ready(self) -> None:
        """Take messages."""

    def start(self) -> None:
        self.connection = object()
        if self.is_ready:
            self.on_ready()
        if self.errors:
            raise self.errors.pop(0)

    def on_connection_error_after_connected(self, _: Exception) -> None:
        raise NO_HOSTNAME

    def on_close(self) -> None:
        self.cleaned += 1

    def _cancel_connection_timer_entries(self) -> None:
        raise NO_HOSTNAME


class Lasting(LastingConsumer, FailingConsumer):
    pass


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(LastingConsumer, "_pause", 0.01)


def test_no_error_ends_a_consumer_that_has_consumed() -> None:
    lasting = Lasting(ReadOnlyError("READONLY"), NO_HOSTNAME, ValueError("a bug"), OSError("away"))
    lasting.start()
    assert lasting.errors == []
    assert lasting.cleaned == 4


def test_broker_that_takes_connections_and_fails_at_once_is_asked_less_and_less() -> None:
    lasting = Lasting(*[ReadOnlyError("READONLY")] * 4)
    lasting.start()
    assert lasting._pause == 0.01 * 2**4


def test_broker_that_went_well_for_a_while_is_asked_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "LONGEST_PAUSE", -1.0)
    lasting = Lasting(*[ReadOnlyError("READONLY")] * 2)
    lasting._pause = 60.0
    monkeypatch.setattr(LastingConsumer, "_rest", lambda self: rested.append(self._pause))
    rested: list[float] = []
    lasting.start()
    assert rested == [0.01, 0.01]


def test_broker_that_refuses_is_waited_for_from_the_start() -> None:
    lasting = Lasting(ResponseError("BUSY"), ResponseError("BUSY"), is_ready=False)
    lasting.start()
    assert lasting.errors == []


@pytest.mark.parametrize("error", [NO_HOSTNAME, ValueError("wrong settings")])
def test_consumer_that_cannot_begin_says_so_and_ends(error: Exception) -> None:
    with pytest.raises(type(error)):
        Lasting(error, is_ready=False).start()


@pytest.mark.parametrize(
    "error",
    [WorkerLostError("Could not start worker processes"), RestartFreqExceeded("100 in 1 s")],
)
def test_pool_that_takes_no_more_ends_the_worker(error: Exception) -> None:
    with pytest.raises(type(error)):
        Lasting(error).start()


def test_error_of_a_worker_that_stops_ends_it_in_good_order() -> None:
    lasting = Lasting(ReadOnlyError("READONLY"), ReadOnlyError("READONLY"))
    lasting.blueprint.state = CLOSE
    lasting.start()
    assert len(lasting.errors) == 1


def test_celery_itself_still_ends_with_these_errors() -> None:
    """Once it does not, `tasks_core.worker.consumer` may go."""
    with app.connection_for_read("redis://") as connection:
        assert not issubclass(ReadOnlyError, connection.connection_errors)
        assert not issubclass(
            AttributeError, connection.connection_errors + connection.channel_errors
        )
    assert "except recoverable_errors as exc:" in inspect.getsource(Consumer.start)
    assert {
        "on_close",
        "_cancel_connection_timer_entries",
        "on_connection_error_after_connected",
    } <= set(dir(Consumer))
