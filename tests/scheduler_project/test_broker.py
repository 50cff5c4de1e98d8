"""Options of the connections to the broker."""

import pytest
from celery import Celery
from kombu.transport.redis import Channel

from scheduler_project import broker
from scheduler_project.configuration import load
from tests.production_check import production_environment

CLIENT_OPTIONS = {
    "socket_timeout": 4.0,
    "socket_connect_timeout": 3.0,
    "socket_keepalive": True,
    "health_check_interval": 10,
}


def options(url: str) -> dict[str, object]:
    environment = {**production_environment(), "BROKER_URL": url}
    environment["BELLRINGER_REDIS_SOCKET_TIMEOUT"] = "4"
    return broker.transport_options(load(environment))


def test_redis_transport_waits_for_nothing_for_ever() -> None:
    found = options("redis://:p@h/0")
    assert {name: found[name] for name in CLIENT_OPTIONS} == CLIENT_OPTIONS


def test_kombu_knows_every_option_that_it_is_given() -> None:
    # kombu ignores a misspelt option without a word.
    known = set(Channel.from_transport_options)
    assert set(options("redis://:p@h/0")) <= known


@pytest.mark.parametrize("url", ["amqp://u:p@h//", "sqs://"])
def test_other_brokers_get_no_options_of_redis(url: str) -> None:
    assert not {*CLIENT_OPTIONS, "global_keyprefix"} & set(options(url))


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"BROKER_URL": "redis://h/0"}, "redis://h/0"),
        ({"BROKER_URL": "amqp://h//"}, None),
        ({"BROKER_URL": "amqp://h//", "BELLRINGER_REDIS_URL": "redis://r/1"}, "redis://r/1"),
    ],
)
def test_wake_up_calls_use_the_broker_if_it_is_redis(
    variables: dict[str, str], url: str | None
) -> None:
    assert broker.redis_url(load({**production_environment(), **variables})) == url


def test_celery_reads_the_settings_it_is_meant_to() -> None:
    from scheduler_project.celery import app

    assert isinstance(app, Celery)
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result
    assert list(app.conf.accept_content) == ["json"]
    assert app.conf.result_backend is None
