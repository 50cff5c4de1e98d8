"""Log lines of notifications: tied to who asked, and without what nobody may see."""

import logging
from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from notifications.api import notify
from notifications.models import Notification, TemplateVersion
from tasks_core import clock
from tasks_core.engine.redaction import MASK
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer, text_of
from tests.tasks_core.logs.lines import caught

pytestmark = pytest.mark.django_db

CODE = "91827364"
logger = logging.getLogger("some.library")


def _send_code() -> Notification:
    return notify(
        "one-time-code",
        to="ada@example.com",
        category="otp",
        context={"name": "Ada"},
        secret_context={"code": CODE},
        expires_at=clock.now() + timedelta(minutes=5),
    )


def test_deliveries_have_the_id_of_whoever_asked(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    with tasks_core.correlation("login-5"):
        notification = _send_code()
    assert run_due() == 1

    assert len(mail_server.messages) == 1
    assert notification.correlation_id == "login-5"
    assert set(Task.objects.values_list("correlation_id", flat=True)) == {"login-5"}


@pytest.mark.guarantee(n=4)
def test_code_is_in_no_line_while_it_is_asked_for_or_sent(
    code_template: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "tests.support.talkative_backend.EmailBackend"
    with caught() as lines:
        with tasks_core.correlation("login-5"):
            _send_code()
            logger.info("asked for %s", CODE)
        run_due()

    [mail] = mail_server.messages
    assert CODE in text_of(mail)
    assert lines.of(f"asked for {MASK}")
    [sent] = [line for line in lines.all() if line["event"].startswith("sending")]
    assert MASK in sent["event"]
    assert (sent["task_type"], sent["correlation_id"]) == ("notification.deliver.email", "login-5")
    assert CODE not in lines.text
