"""The demo's search finds a one-time code wherever it is."""

from pathlib import Path

import pytest
import redis

from examples.demo import leaks
from examples.payments.codes import new_code
from examples.payments.gateway import Gateway
from tasks_core.models import Worker
from tests.examples.test_gateway import code_event


def test_an_unsent_code_is_nowhere(gateway: Gateway, broker: "redis.Redis", tmp_path: Path) -> None:
    code = gateway.announce(code_event(300)).code
    check = leaks.check_codes([code], tmp_path)
    assert check.holds
    assert check.text == "None of 1 one-time codes is in the database, the broker, the logs"


@pytest.mark.django_db
def test_a_code_in_a_table_is_found(broker: "redis.Redis", tmp_path: Path) -> None:
    code = new_code()
    Worker.objects.create(
        name=f"w-{code}-x",
        role="beat",
        pid=1,
        started_at="2026-11-20T09:00Z",
        heartbeat_at="2026-11-20T09:00Z",
    )
    check = leaks.check_codes([new_code(), code], tmp_path)
    assert check.text == "One-time codes were found in the database"
    assert not check.holds


def write(broker: "redis.Redis", kind: str, key: str, text: str) -> None:
    match kind:
        case "string":
            broker.set(key, text)
        case "list":
            broker.lpush(key, "a", text)
        case "hash":
            broker.hset(key, "field", text)
        case "set":
            broker.sadd(key, text)
        case "zset":
            broker.zadd(key, {text: 1})
        case "stream":
            broker.xadd(key, {"field": text})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["string", "list", "hash", "set", "zset", "stream"])
def test_a_code_in_the_broker_is_found(broker: "redis.Redis", tmp_path: Path, kind: str) -> None:
    code = new_code()
    text, key = f'{{"code": "{code}"}}', "demo-leak"
    write(broker, kind, key, text)
    try:
        assert leaks.check_codes([code], tmp_path).text.endswith("found in the broker")
    finally:
        broker.delete(key)


@pytest.mark.django_db
def test_a_code_in_the_name_of_a_key_is_found(broker: "redis.Redis", tmp_path: Path) -> None:
    code = new_code()
    broker.set(f"demo-leak-{code}", 1)
    try:
        assert not leaks.check_codes([code], tmp_path).holds
    finally:
        broker.delete(f"demo-leak-{code}")


@pytest.mark.django_db
def test_a_code_in_a_log_is_found(broker: "redis.Redis", tmp_path: Path) -> None:
    code = new_code()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text(f"first\nsent XX{code}7 to ada\n")
    assert leaks.check_codes([code], tmp_path).text.endswith("found in the logs")


def test_a_mail_without_its_code_is_found() -> None:
    texts = {"m1": "code: 7GQ4KM2X", "m2": "code: "}
    check = leaks.check_arrived({"m1": "7GQ4KM2X", "m2": "AAAA2222"}, texts)
    assert check.text == "1 of 2 delivered mails and SMS lack their code"
    assert leaks.check_arrived({"m1": "7GQ4KM2X"}, texts).holds
