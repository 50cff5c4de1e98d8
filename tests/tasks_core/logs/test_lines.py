"""One format for everything that logs, and no secret in it."""

import json
import logging
import sys
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.test import Client

import tasks_core
from scheduler_project.configuration import load
from tasks_core import logs
from tasks_core.engine.redaction import MASK
from tests.production_check import production_environment
from tests.tasks_core.logs.lines import Lines, caught, logger

S = "hunter2"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError(S)

    __repr__ = __str__


def test_lines_of_the_standard_library_and_of_structlog_look_alike(lines: Lines) -> None:
    logger.warning("%s of %d", "one", 2, extra={"order": 17})
    structlog.get_logger("some.library").warning("%s of %d", "one", 2, order=17)

    first, second = lines.all()
    assert first.pop("timestamp") <= second.pop("timestamp")
    assert first == second == {
        "level": "warning", "logger": "some.library", "event": "one of 2", "order": 17,
    }  # fmt: skip


@pytest.mark.parametrize(("template", "arguments"), [
    ("password=%s", [S]),
    ("%s", [{"password": S}]),
    ("%(password)s", [{"password": S}]),
    ("%r", [[("token", S)]]),
    ("%s", [RuntimeError(f"token={S}")]),
    ("%s", [b"password=hunter2"]),
    ("%d", [f"password={S}"]),
    ("%s %s", [f"password={S}"]),
    ("no place", [f"password={S}"]),
    ("%s", [Broken()]),
    ({"password": S}, []),
    (f"password={S} 100%", []),
    (f"password={S} 100%", [1]),
    (Broken(), []),
    ("%s", ["x" * 1_000_000 + f" password={S}"]),
])  # fmt: skip
def test_arguments_hold_no_secret(
    capsys: pytest.CaptureFixture[str], template: Any, arguments: list[Any]
) -> None:
    with caught() as lines:
        logger.error(template, *arguments)
        structlog.get_logger("some.library").error(template, *arguments)

    assert len(lines.all()) == 2
    assert len({line["event"] for line in lines.all()}) == 1
    assert S not in lines.text + capsys.readouterr().err


def test_fields_hold_no_secret(lines: Lines) -> None:
    logger.error("x", extra={"form": {"user": "ada", "newPassword": S}, "url": f"redis://:{S}@h/0"})
    structlog.get_logger().error("x", headers=[("Authorization", S)], body=json.dumps({"pin": S}))

    assert S not in lines.text
    assert lines.all()[0]["form"] == {"user": "ada", "newPassword": MASK}


def test_tracebacks_hold_no_secret_with_all_their_causes(lines: Lines) -> None:
    def fail() -> None:
        word = "unter2"
        try:
            try:
                raise ValueError(f"password=h{word}")
            except ValueError as error:
                error.add_note(f"token: 'h{word}'")
                raise KeyError({"secret": f"h{word}"}) from error
        except KeyError:
            raise ExceptionGroup("many", [RuntimeError(f"redis://:h{word}@host/0")]) from None

    for log in (logger.exception, structlog.get_logger().exception):
        try:
            fail()
        except ExceptionGroup as error:
            error.__cause__ = error.exceptions[0].__context__ = error.__context__
            log("it failed")

    assert S not in lines.text
    for line in lines.all():
        assert "add_note" not in line["event"]
        for part in ("ValueError", "KeyError", "RuntimeError", "ExceptionGroup: many", "fail()"):
            assert part in line["exception"], part


def test_secrets_of_the_configuration_appear_nowhere(lines: Lines) -> None:
    for secret in (settings.SECRET_KEY, settings.BELLRINGER["ENCRYPTION_KEYS"][0]):
        logger.error("a%sb", secret, extra={"harmless": [{"x": f"y{secret}"}], secret: 1})
        try:
            raise OSError(secret)
        except OSError:
            logger.exception("failed")

    assert settings.SECRET_KEY not in lines.text
    assert settings.BELLRINGER["ENCRYPTION_KEYS"][0] not in lines.text


def test_configuration_names_its_secrets_and_nothing_else() -> None:
    environment = {
        **production_environment(),
        "DATABASE_URL": "postgresql://bell:db%2Fword@127.0.0.1:1/bell",
        "BROKER_URL": "redis://:broker-word@127.0.0.1:1/0",
        "EMAIL_URL": "console:",
        "SENTRY_DSN": "https://sentry-word@sentry.example.com/1",
        "FLOWER_BASIC_AUTH": "operator:flower-word",
    }
    found = set(load(environment).secrets())

    assert {environment["SECRET_KEY"], environment["ENCRYPTION_KEYS"]} < found
    assert {"db/word", "broker-word", "sentry-word", "flower-word"} < found
    assert not found & {"bell", "operator", "console:", "127.0.0.1"}


def test_secret_can_be_hidden_while_a_block_runs(lines: Lines) -> None:
    with tasks_core.correlation("a"):
        logs.hide("xyzzy-4711")
        logger.info("xyzzy-4711 inside")
    logger.info("xyzzy-4711 outside")

    assert [line["event"] for line in lines.all()] == [f"{MASK} inside", "xyzzy-4711 outside"]


def test_message_cannot_look_like_another_line(lines: Lines) -> None:
    forged = 'ok\n{"level": "error"}\r\n\x1b[2K\u2028x'
    logger.info(forged)
    logger.info("%s", forged, extra={"x\ny": forged})
    with caught(as_json=False) as for_people:
        logger.info(forged, extra={"name_of_it": forged})

    assert len(lines.text.splitlines()) == 2
    assert len(for_people.text.splitlines()) == 1
    assert "\x1b[2K" not in lines.text + for_people.text


def test_lines_for_people_have_a_traceback(lines: Lines) -> None:
    with caught(as_json=False) as for_people:
        try:
            raise ValueError(f"password={S}")
        except ValueError:
            logger.exception("it failed", extra={"order": 17})

    assert "it failed" in for_people.text
    assert "order=17" in for_people.text
    assert f"\nValueError: password={MASK}" in for_people.text


def test_failure_to_write_shows_no_record(capsys: pytest.CaptureFixture[str]) -> None:
    with caught() as lines:
        lines.stream.close()
        logger.error("password=%s", S)

    assert S not in capsys.readouterr().err


def test_line_that_cannot_be_formatted_is_replaced(lines: Lines) -> None:
    record = logging.makeLogRecord({"name": "x", "msg": "m", "levelname": "ERROR", "levelno": 40})
    record.exc_info = (ValueError, 5, None)  # type: ignore[assignment] # what no one should do
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) is lines.stream:
            handler.handle(record)

    assert lines.all()


def test_what_django_logs_of_an_answer_has_the_id_of_its_request(
    lines: Lines, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    response = client.get(f"/nowhere/?token={S}", headers={"X-Request-ID": "req-1"})

    assert response.status_code == 404
    [line] = lines.of("Not Found: /nowhere/")
    assert line["correlation_id"] == "req-1"
    assert line["status_code"] == 404
    assert S not in lines.text + capsys.readouterr().err
    assert sys.getsizeof(lines.text) < 2_000
