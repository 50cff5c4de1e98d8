"""What would come to nothing is refused where an operator asks for it, with what to do instead."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from notifications.api import (
    disable_endpoint,
    enable_endpoint,
    notify,
    publish_template,
    register_endpoint,
)
from notifications.models import Delivery, Notification
from tasks_core import clock, testing
from tasks_core.models import DeadLetter, Task
from tests.admin import rows

pytestmark = pytest.mark.django_db

LETTERS = "/admin/tasks_core/deadletter/"
ADVICE = "discard the dead letter and, if it is still wanted, send a new notification"


@pytest.fixture
def fail() -> Callable[..., DeadLetter]:
    """Return a function that lets a delivery fail for good; the endpoint is well again afterwards."""
    endpoint = register_endpoint("merchant-7", "https://hooks.example.com/in")
    publish_template("paid", channel="webhook", text='{"paid": 1}')

    def fail_one(**options: object) -> DeadLetter:
        disable_endpoint(endpoint.pk, reason="maintenance")
        notify("paid", to=endpoint, **options)  # type: ignore[arg-type]
        testing.run_due()
        enable_endpoint(endpoint.pk)
        return DeadLetter.objects.latest("pk")

    return fail_one


@pytest.fixture
def expired(fail: Callable[..., DeadLetter]) -> DeadLetter:
    """A dead letter whose message has expired since."""
    letter = fail(expires_at=clock.now() + timedelta(minutes=5))
    past = clock.now() - timedelta(minutes=1)
    Notification.objects.update(expires_at=past)
    return letter


def test_a_dead_letter_says_what_to_do(operator: Client, expired: DeadLetter) -> None:
    tasks = Task.objects.count()
    operator.post(f"{LETTERS}{expired.pk}/replay/", {"note": ""})
    [said] = rows.messages(operator)
    assert said.startswith("1 could not be replayed. delivery ")
    assert "it expired at " in said
    assert ADVICE in said
    expired.refresh_from_db()
    assert (expired.resolution, Task.objects.count()) == ("", tasks)


def test_one_that_is_refused_does_not_stop_the_others(
    operator: Client, expired: DeadLetter, fail: Callable[..., DeadLetter]
) -> None:
    good = fail()
    said = rows.bulk(
        operator, "tasks_core/deadletter", "replay", [expired.pk, good.pk], note="once more"
    )
    assert said[0].startswith("1 replayed, 1 could not be replayed.")
    good.refresh_from_db()
    assert good.resolution == "replayed"


def test_a_task_is_not_retried_either(operator: Client, expired: DeadLetter) -> None:
    operator.post(f"/admin/tasks_core/task/{expired.task_id}/retry/", {})
    [said] = rows.messages(operator)
    assert said.startswith("1 could not be retried.")
    assert ADVICE in said


def test_the_command_says_the_same_and_fails(expired: DeadLetter) -> None:
    written = StringIO()
    with pytest.raises(CommandError, match="1 could not be replayed"):
        call_command("replay_dead_letters", str(expired.pk), stdout=written, stderr=written)
    assert ADVICE in written.getvalue()
    expired.refresh_from_db()
    assert expired.resolution == ""


def test_the_page_of_the_delivery_knows_it(
    viewer: Client, expired: DeadLetter, fail: Callable[..., DeadLetter]
) -> None:
    first = Delivery.objects.get()
    page = rows.text(viewer.get(f"/admin/notifications/delivery/{first.pk}/change/"))
    assert f"{ADVICE}: <a" in page
    fail()
    second = Delivery.objects.latest("pk")
    page = rows.text(viewer.get(f"/admin/notifications/delivery/{second.pk}/change/"))
    assert "Replay or discard it: <a" in page
