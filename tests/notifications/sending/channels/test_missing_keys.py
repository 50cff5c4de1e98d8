"""A worker that lacks the key of a secret makes no attempt with it; another one sends the message."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from notifications.api import notify, publish_template, register_destination, register_endpoint
from notifications.models import Delivery, DeliveryAttempt
from notifications.sending.providers.accounts import forget_accounts
from notifications.sending.standard_webhooks import secrets
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_sms import taken
from tests.notifications.sending.conftest import add_gateway
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def keys(settings: Settings) -> Callable[..., None]:
    """Return a function that lets this process begin anew with other keys."""

    def use(*keys: str) -> None:
        settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": list(keys)}
        secrets._opened.cache_clear()
        forget_accounts()

    use(NEW, OLD)
    return use


def _to_endpoint(receiver: Receiver) -> None:
    publish_template("a", channel="webhook", text="{}")
    notify("a", to=register_endpoint("merchant", receiver.url))


def _with_secret_variables(receiver: Receiver) -> None:
    publish_template("a", channel="webhook", text='{"code": {{ code }}}', sample={"code": "0"})
    notify(
        "a",
        to=register_endpoint("merchant", receiver.url),
        secret_context={"code": "918273"},
        expires_at=clock.now() + timedelta(minutes=5),
    )


def _by_provider(receiver: Receiver) -> None:
    add_gateway(receiver)
    publish_template("a", channel="sms", text="Hello")
    receiver.plan(taken())
    notify("a", to="+4915112345678")


def _to_destination(receiver: Receiver) -> None:
    publish_template("a", channel="teams", subject="Alert", text="Hello")
    url = f"{receiver.url.removesuffix('/hook')}/workflows?sig=SECRET"
    register_destination("ops-team", channel="teams", url=url)
    receiver.plan(Reply(202))
    notify("a", to="ops-team", channel="teams")


def _by_trigger(receiver: Receiver) -> None:
    headers = [{"name": "Authorization", "value": "Bearer hunter22"}]
    create_scheduled_event(webhook=receiver.url, schedule_at=clock.now(), headers=headers)


@pytest.mark.parametrize(
    "ask", [_to_endpoint, _with_secret_variables, _by_provider, _to_destination, _by_trigger]
)
def test_message_waits_for_a_worker_that_has_the_key(
    ask: Callable[[Receiver], None], keys: Callable[..., None], receiver: Receiver
) -> None:
    now = clock.now()
    with clock.frozen(now):
        ask(receiver)
        keys(OLD)
        run_due()
    keys(NEW, OLD)
    waiting = Task.objects.get(state=State.SCHEDULED)
    assert (waiting.attempts_used, receiver.received) == (0, [])
    assert not DeliveryAttempt.objects.exists()
    assert not Delivery.objects.exclude(attempts=0).exists()

    with clock.frozen(now + timedelta(minutes=2)):
        run_due()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts_used) == (State.SUCCEEDED, 1)
    assert len(receiver.received) == 1
