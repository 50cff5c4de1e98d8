"""The Python examples of the documents run as they stand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from standardwebhooks.webhooks import WebhookVerificationError

import tasks_core
from notifications.models import Notification
from notifications.sending.standard_webhooks.signing import generate_secret, signed_headers
from scheduler_project.data_folder import CHECKOUT
from tasks_core.events.control import replay_events
from tasks_core.events.relay import Relay
from tasks_core.events.subscription import subscriptions
from tasks_core.models import Task
from tasks_core.testing import run_due
from tasks_core.worker.event_delivery import deliver
from tests.documentation.markdown import blocks, documents, name_of

pytestmark = pytest.mark.usefixtures("example_ground")

RUN_AS_A_PROJECT = CHECKOUT / "docs" / "getting-started.md"
"""test_getting_started writes its examples to files and starts real processes."""

OF_EVENTS = ("charge-failed", "task-failed")

PAGES = [page for page in documents() if page != RUN_AS_A_PROJECT and any(blocks(page, "python"))]


def run_examples(document: Path) -> dict[str, Any]:
    """Run the examples of a document one after the other; return the names they leave."""
    names: dict[str, Any] = {"__name__": f"examples_of_{document.stem.replace('-', '_')}"}
    for block in blocks(document, "python"):
        # Blank lines before it, so that an error tells the line of the document.
        source = "\n" * (block.line - 1) + block.text
        exec(compile(source, str(document), "exec"), names)
    return names


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_examples_run(document: Path) -> None:
    assert run_examples(document)


def test_the_example_of_the_readme_does_what_it_says() -> None:
    call_command("publish_templates", verbosity=0)
    run_examples(CHECKOUT / "README.md")
    run_due()
    confirmed, later = Task.objects.filter(task_type="order.confirm").order_by("pk")
    assert confirmed.state == "SUCCEEDED"
    assert confirmed.result == {"notification": Notification.objects.get().pk}
    assert later.state == "CANCELLED"
    [message] = mail.outbox
    assert (message.to, message.subject) == (["ada@example.com"], "Order 17")


def test_receivers_who_follow_the_document_know_our_signatures() -> None:
    page = run_examples(CHECKOUT / "docs" / "notifications.md")
    old, new, foreign = generate_secret(), generate_secret(), generate_secret()
    body = '{"type": "payment.settled", "name": "Zoë"}'.encode()
    headers = signed_headers(
        body, message_id="msg_1", sent_at=datetime.now(UTC), secrets=[new, old]
    )
    for secret in (old, new):
        assert page["is_genuine"](secret, body, headers)
        assert page["verified"](secret, body, headers)
    assert not page["is_genuine"](foreign, body, headers)
    assert not page["is_genuine"](new, body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        page["verified"](foreign, body, headers)
    stale = signed_headers(
        body, message_id="msg_1", sent_at=datetime(2020, 1, 1, tzinfo=UTC), secrets=[new]
    )
    assert not page["is_genuine"](new, body, stale)


def test_notifications_of_the_document_are_accepted() -> None:
    run_examples(CHECKOUT / "docs" / "notifications.md")
    channels = sorted(Notification.objects.values_list("channel", flat=True))
    assert channels == ["email", "email", "email", "sms", *["webhook"] * 4]
    assert Notification.objects.get(channel="sms").ladder_steps.get().channel == "email"
    types = {f"notification.deliver.{channel}" for channel in channels}
    found = tasks_core.find(task_types=[*types, "notification.schedule"]).tasks
    assert {task.task_type for task in found} == types, "they leave at once"


def test_events_of_the_document_send_one_notification_each() -> None:
    page = run_examples(CHECKOUT / "docs" / "notifications.md")
    known = {name: subscriptions()[name] for name in ("tell-customer", "tell-billing")}
    Relay()._create(known)
    for name in known:
        replay_events(name, after=0)
    run_due()
    for _ in range(2):  # the same events once more
        for name in known:
            replay_events(name, after=0)
            deliver(name, holder="test")
        run_due()
    told = Notification.objects.filter(template_version__template__name__in=OF_EVENTS)
    assert sorted(told.values_list("address", "state")) == [
        ("ada@example.com", "sent"),
        ("billing@example.com", "sent"),
    ]
    subjects = [message.subject for message in mail.outbox]
    assert subjects.count("Invoice 17 is not paid") == 1
    assert subjects.count("invoice.charge failed") == 1
    [to_billing] = [one for one in mail.outbox if one.to == ["billing@example.com"]]
    assert f"Task {page['charged'].pk} failed at" in to_billing.body
    assert "the error is permanent" in to_billing.body
