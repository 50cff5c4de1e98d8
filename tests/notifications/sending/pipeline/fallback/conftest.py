"""A code that goes by SMS, then by mail: a real gateway and a real mail server."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from notifications.api import notify, publish_template
from notifications.models import Notification, Provider
from notifications.sending.providers.accounts import forget_accounts
from tasks_core import clock
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.receiver import Receiver

CODE = "918273"
MAIL = "ada@example.com"


@pytest.fixture(autouse=True)
def gateway(receiver: Receiver, db: None) -> Iterator[Provider]:
    forget_accounts()
    yield add_gateway(receiver)
    forget_accounts()


@pytest.fixture(autouse=True)
def _templates(db: None) -> None:
    publish_template("login", channel="sms", text="{{ code }} is your code.")
    publish_template("login", subject="Your code", text="By mail: {{ code }}.")


def send_code(seconds: float = 600.0, **options: Any) -> Notification:
    asked = {
        "to": NUMBER,
        "secret_context": {"code": CODE},
        "category": "otp",
        "expires_at": clock.now() + timedelta(seconds=seconds),
        **options,
    }
    return notify("login", **asked)


def send_plain(**options: Any) -> Notification:
    return notify("login", **{"to": NUMBER, "context": {"code": "hello"}, **options})


def outline(notification: Notification) -> list[tuple[str, str]]:
    """Channel and state of each delivery, in order."""
    return list(notification.deliveries.order_by("pk").values_list("channel", "state"))


def steps(notification: Notification) -> list[tuple[str, str]]:
    """State and reason of each step, in order."""
    return list(notification.ladder_steps.order_by("position").values_list("state", "reason"))


def state_of(notification: Notification) -> str:
    notification.refresh_from_db()
    return notification.state
