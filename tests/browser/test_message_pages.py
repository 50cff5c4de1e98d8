"""What an operator sees of messages that really went out: by another channel, after other attempts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from notifications import triggers
from notifications.api import (
    Fallback,
    notify,
    publish_template,
    register_endpoint,
)
from notifications.models import Delivery, Notification, TriggerEvent
from notifications.sending.providers.accounts import forget_accounts
from tasks_core import clock
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tests.browser.looking import COMPLAINTS, SCREENS, keep
from tests.notifications.conftest import allow_loopback, mail_server, receiver
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply

__all__ = ["allow_loopback", "mail_server", "receiver"]

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/notifications/"
REFUSED = Reply(400, body=b'{"code": 21211, "message": "no such number"}')
ORDER = {
    "number": 17,
    "name": "Ada",
    "parts": [{"sku": "A-1", "pieces": 2}, {"sku": "B-7", "pieces": 1}],
    "note": "Leave it with the neighbours.\nRing twice.",
}


@pytest.fixture(autouse=True)
def _published(db: None, receiver: Receiver, allow_loopback: dict[str, Any]) -> None:
    forget_accounts()
    add_gateway(receiver)
    allow_loopback["SMS_PRICES"] = ["DE=0.075"]
    allow_loopback["SMS_SPEND_LIMITS"] = ["50.00/1h", "500.00/1d"]
    allow_loopback["CURRENCY"] = "EUR"
    text = "Order {{ number }} for {{ name }}: {{ parts|length }} parts. {{ note }}"
    publish_template("order", channel="sms", text=text)
    publish_template("order", subject="Order {{ number }}", text=text, html=f"<p>{text}</p>")
    publish_template(
        "order", channel="webhook", text='{"number": {{ number }}, "parts": {{ parts }}}'
    )


def fallen_back(receiver: Receiver) -> Notification:
    """Send by SMS, which is refused, so by mail; a third step waits for a report."""
    receiver.plan(REFUSED)
    made = notify(
        "order",
        to=NUMBER,
        context=ORDER,
        expires_at=clock.now() + timedelta(days=1),
        fallback=[
            Fallback(channel="email", to="ada@example.com"),
            Fallback(
                channel="email",
                to="second-address-of-ada@department.example.com",
                after=timedelta(hours=6),
                until="delivered",
            ),
        ],
    )
    run_due()
    return made


def third_time(receiver: Receiver) -> Delivery:
    """Send a webhook that gets through at the third attempt."""
    busy = Reply(503, {"Retry-After": "7"}, body=b"<html>busy</html>")
    receiver.plan(busy, Reply(429), Reply(200, body=b'{"accepted": true, "id": "o-17"}'))
    endpoint = register_endpoint("shop", receiver.url + "?source=bellringer")
    notification = notify("order", to=endpoint, context=ORDER)
    run_due()
    for minutes in (5, 10):
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            run_due()
    return notification.deliveries.get()


def called(receiver: Receiver) -> TriggerEvent:
    """Call a webhook at a time."""
    receiver.plan(Reply(200, {"X-Request-Id": "r-1"}, body=b'{"ok": true}'))
    triggers.create_scheduled_event(
        webhook=receiver.url,
        schedule_at=clock.now(),
        payload={"report": "daily"},
        headers=[{"name": "X-Api-Token", "value": "very-secret"}],
    )
    run_due()
    return TriggerEvent.objects.get()


@pytest.fixture
def places(receiver: Receiver, mail_server: MailServer) -> dict[str, str]:
    ladder = fallen_back(receiver)
    webhook, event = third_time(receiver), called(receiver)
    sms, mail = ladder.deliveries.order_by("pk")
    return {
        "ladder": f"{URL}notification/{ladder.pk}/change/",
        "sms": f"{URL}delivery/{sms.pk}/change/",
        "mail": f"{URL}delivery/{mail.pk}/change/",
        "webhook": f"{URL}delivery/{webhook.pk}/change/",
        "event": f"{URL}triggerevent/{event.pk}/change/",
        "limits": f"{URL}limitcounter/",
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_messages_fit_and_can_be_read(
    operator: Page, places: dict[str, str], scheme: str
) -> None:
    operator.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = {}
    for screen, (width, height) in SCREENS.items():
        operator.set_viewport_size({"width": width, "height": height})
        for name, place in places.items():
            operator.goto(place)
            found[f"{name} on a {screen}"] = operator.evaluate(COMPLAINTS)
            keep(operator, f"messages-{scheme}-{screen}", name)
    assert {page: complaints for page, complaints in found.items() if complaints} == {}


def test_the_ladder_tells_its_story(operator: Page, places: dict[str, str]) -> None:
    operator.goto(places["ladder"])
    rungs = operator.locator("#ladder li")
    expect(rungs).to_have_count(3)
    expect(rungs.nth(0)).to_contain_text("Failed")
    expect(rungs.nth(0)).to_contain_text("the number is not valid")
    expect(rungs.nth(1)).to_contain_text("the delivery before it is failed")
    expect(rungs.nth(1)).to_contain_text("Sent")
    expect(rungs.nth(2)).to_contain_text("or none is delivered within 6 h")
    rungs.nth(1).get_by_role("link").click()
    operator.wait_for_url(f"**{places['mail']}")


def test_an_earlier_attempt_can_be_opened(operator: Page, places: dict[str, str]) -> None:
    operator.goto(places["webhook"])
    panel = operator.locator("#exchange")
    expect(panel.get_by_text("200 OK")).to_be_visible()
    first = panel.locator("details").last
    expect(first.get_by_text("503 Service Unavailable")).to_be_hidden()
    first.locator("summary").click()
    expect(first.get_by_text("503 Service Unavailable")).to_be_visible()
    expect(first.get_by_text("busy")).to_be_visible()
    expect(panel.get_by_text("source=bellringer")).to_have_count(0)


def test_a_refused_replay_says_what_to_do(operator: Page, places: dict[str, str]) -> None:
    letter = DeadLetter.objects.get(task_type="notification.deliver.sms")
    Notification.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    operator.goto(f"/admin/tasks_core/deadletter/{letter.pk}/change/")
    operator.get_by_role("link", name=re.compile("Replay…$")).click()
    operator.get_by_role("button", name="Replay now").click()
    said = operator.get_by_text("could not be replayed")
    expect(said).to_contain_text("discard the dead letter")
    keep(operator, "messages-light-desktop", "refused")
