"""Deliveries are tried again by the policy that an operator named in the settings."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.api import notify
from notifications.models import Endpoint, TemplateVersion
from tasks_core import clock
from tasks_core.models import RetryPolicy, Task
from tasks_core.testing import run_due
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_webhook_follows_the_policy_that_the_settings_name(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
) -> None:
    RetryPolicy.objects.create(name="patient", strategy="fixed", max_attempts=2, initial=0.0)
    allow_loopback["WEBHOOK_RETRY_POLICY"] = "patient"
    receiver.plan(Reply(500), Reply(500))
    notification = notify("payment.settled", to=endpoint, context={"id": "p1", "order": {}})
    run_due()
    notification.refresh_from_db()
    assert (notification.state, len(receiver.received)) == ("failed", 2)


def test_a_policy_that_does_not_exist_is_named_and_the_delivery_waits_for_it(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["WEBHOOK_RETRY_POLICY"] = "forgotten"
    notification = notify("payment.settled", to=endpoint, context={"id": "p1", "order": {}})
    run_due()
    task = Task.objects.get(task_type="notification.schedule")
    assert task.state == "RETRYING"
    assert "no retry policy is called 'forgotten'" in task.error
    assert receiver.received == []
    RetryPolicy.objects.create(name="forgotten", strategy="fixed", max_attempts=2, initial=0.0)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        run_due()
    notification.refresh_from_db()
    assert (notification.state, len(receiver.received)) == ("sent", 1)


def test_other_channels_do_not_wait_for_it(
    receipt: TemplateVersion, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["WEBHOOK_RETRY_POLICY"] = "forgotten"
    context = {"number": 1, "name": "Ada", "amount": "1"}
    notify("receipt", to="ada@example.com", context=context)
    assert Task.objects.get().task_type == "notification.deliver.email"
