"""Nothing of a payload, and no secret, reaches Sentry, by whatever way it is tried."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
import structlog
from pydantic import SecretStr
from pydantic.dataclasses import dataclass

import tasks_core
from tasks_core import Fixed, logs
from tests.scheduler_project.error_reports.conftest import Run
from tests.support.sentry import Reports, values_of

CODE = "314159"
MAIL = "ada.lovelace@bank.example"
OPENED = 'p"ä-9931'
GUESSED = "hunter-2x"
logger = logging.getLogger("shop.login")


@dataclass
class Login:
    mail: str
    code: SecretStr
    way: str


def raised(code: str, mail: str) -> None:
    raise ValueError(f"{mail} typed {code}")


def chained(code: str, mail: str) -> None:
    try:
        raised(code, mail)
    except ValueError as error:
        raise RuntimeError(f"log-in failed: {error!r}") from error


def grouped(code: str, mail: str) -> None:
    raise ExceptionGroup(f"for {mail}", [ValueError(code), KeyError(mail)])


def noted(code: str, mail: str) -> None:
    error = ValueError("see notes")
    error.add_note(f"the code was {code}")
    raise error


def logged(code: str, mail: str) -> None:
    logger.info("code %s of %s", code, mail)
    logger.warning(f"f-string with {code}")  # noqa: G004 (what callers should not do)
    logger.error("code is %s", code, extra={"payload": {"code": code, "mail": mail}})
    raise ValueError("after the log")


def logged_by_structlog(code: str, mail: str) -> None:
    structlog.get_logger("shop").error("login failed", code=code, mail=mail)
    raise ValueError("after the log")


def crumbed(code: str, mail: str) -> None:
    sentry_sdk.add_breadcrumb(message=f"code {code}", data={"mail": mail, "url": f"/?c={code}"})
    raise ValueError("after the breadcrumb")


def told(code: str, mail: str) -> None:
    sentry_sdk.set_tag("mail", mail)
    sentry_sdk.set_extra("code", code)
    sentry_sdk.set_context("login", {"code": code})
    sentry_sdk.set_user({"email": mail})
    raise ValueError("after the scope")


def encoded(code: str, mail: str) -> None:
    logs.hide(OPENED)
    texts = [json.dumps(OPENED), repr(OPENED), OPENED]
    raise ValueError(" ".join(texts))


def credential(code: str, mail: str) -> None:
    raise ValueError(f"password={GUESSED}, redis://user:{GUESSED}@host/0, Bearer {GUESSED}.abc")


WAYS = {
    way.__name__: way
    for way in (
        *(raised, chained, grouped, noted, logged, logged_by_structlog),
        *(crumbed, told, encoded, credential),
    )
}


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("login", retry=Fixed(max_attempts=1))
    def login(payload: Login) -> None:
        local = payload.code.get_secret_value()
        WAYS[payload.way](local, payload.mail)

    @tasks_core.task_type("login_async", retry=Fixed(max_attempts=1))
    async def login_async(payload: Login) -> None:
        login(payload)


@pytest.fixture(autouse=True)
def chatty() -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("task_type", ["login", "login_async"])
@pytest.mark.parametrize("way", WAYS)
def test_secret_and_payload_do_not_get_out(
    run: Run, reports: Reports, task_type: str, way: str
) -> None:
    run(task_type, {"mail": MAIL, "code": CODE, "way": way})

    assert any("exception" in event for event in reports.events)
    sent = json.dumps(reports.events, ensure_ascii=False) + reports.text
    for secret in (CODE, MAIL, OPENED, json.dumps(OPENED)[1:-1], GUESSED):
        assert secret not in sent


def test_what_is_left_of_the_text_still_tells_what_happened(run: Run, reports: Reports) -> None:
    run("login", {"mail": MAIL, "code": CODE, "way": "chained"})

    [event] = reports.events
    assert values_of(event) == [
        "•••••• typed ••••••",
        "log-in failed: ValueError('•••••• typed ••••••')",
    ]


def test_log_message_is_kept_without_its_arguments(run: Run, reports: Reports) -> None:
    run("login", {"mail": MAIL, "code": CODE, "way": "logged"})

    log, failure = reports.events
    assert log["logentry"] == {"message": "code is %s"}
    assert log["tags"]["task.type"] == "login"
    messages = [crumb["message"] for crumb in failure["breadcrumbs"]["values"]]
    assert "code %s of %s" in messages
    assert "f-string with ••••••" in messages


def test_breadcrumbs_of_one_task_are_not_those_of_another(run: Run, reports: Reports) -> None:
    run("login", {"mail": MAIL, "code": CODE, "way": "crumbed"})
    run("login", {"mail": MAIL, "code": CODE, "way": "raised"})

    _, second = reports.events
    assert not second.get("breadcrumbs", {}).get("values")


def test_request_is_reported_without_query_and_body(reports: Reports) -> None:
    with sentry_sdk.isolation_scope() as scope:
        scope.add_event_processor(_with_request)
        sentry_sdk.capture_message("from a view")

    [event] = reports.events
    assert event["request"] == {"method": "POST", "url": "https://bell.example.com/admin/"}


def _with_request(event: Any, hint: Any) -> Any:
    event["request"] = {
        "method": "POST",
        "url": f"https://me:{CODE}@bell.example.com/admin/?q={MAIL}",
        "query_string": f"q={MAIL}",
        "data": {"code": CODE},
        "headers": {"Authorization": "Bearer x"},
        "cookies": {"sessionid": "x"},
    }
    return event
