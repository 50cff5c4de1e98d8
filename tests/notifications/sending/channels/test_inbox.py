"""The inbox: rows, and the JSON feed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from notifications.api import notify, publish_template
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidNotification
from notifications.inbox.delivery import put
from notifications.inbox.requests import MAX_BODY
from notifications.models import InboxMessage, Notification
from notifications.sending.pipeline.begin import begin
from tasks_core import clock
from tasks_core.testing import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    publish_template("paid", channel="inbox", subject="Payment {{ n }}", text="It <b>arrived</b>.")
    return User.objects.create_user("ada", password="x")


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def fill(owner: User, count: int, first: int = 1) -> None:
    for n in range(first, first + count):
        notify("paid", to=str(owner.pk), channel="inbox", context={"n": n}, category="billing")
    run_due()


def feed(browser: Client, **query: Any) -> dict[str, Any]:
    answer = browser.get("/notifications/inbox/messages", query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_message_is_in_the_feed_of_its_owner(ada: User, browser: Client) -> None:
    fill(ada, 1)
    found = feed(browser)
    [message] = found["messages"]
    assert (message["title"], message["text"]) == ("Payment 1", "It <b>arrived</b>.")
    assert (message["category"], message["read_at"]) == ("billing", None)
    assert (found["unread"], found["next_before"]) == (1, None)
    assert Notification.objects.get().state == "sent"


def test_others_see_nothing_of_it(ada: User) -> None:
    fill(ada, 1)
    stranger = Client()
    stranger.force_login(User.objects.create_user("eve", password="x"))
    assert feed(stranger) == {"messages": [], "unread": 0, "next_before": None}
    [message] = InboxMessage.objects.all()
    marked = stranger.post(
        "/notifications/inbox/read", {"ids": [message.pk]}, content_type="application/json"
    )
    assert marked.json() == {"marked": 0, "unread": 0}
    message.refresh_from_db()
    assert message.read_at is None


@pytest.mark.parametrize("place", ["messages", "unread"])
def test_whoever_is_not_signed_in_gets_401(place: str) -> None:
    answer = Client().get(f"/notifications/inbox/{place}")
    assert (answer.status_code, answer.json()) == (401, {"error": "sign in first"})
    assert Client().post("/notifications/inbox/read").status_code == 401


def test_pages_follow_one_another_although_messages_arrive(ada: User, browser: Client) -> None:
    fill(ada, 5)
    first = feed(browser, limit=2)
    fill(ada, 1, first=6)
    second = feed(browser, limit=2, before=first["next_before"])
    third = feed(browser, limit=2, before=second["next_before"])
    titles = [m["title"] for page in (first, second, third) for m in page["messages"]]
    assert titles == [f"Payment {n}" for n in (5, 4, 3, 2, 1)]
    assert third["next_before"] is None


def test_messages_are_marked_as_read(ada: User, browser: Client) -> None:
    fill(ada, 4)
    ids = [message["id"] for message in feed(browser)["messages"]]
    answer = browser.post(
        "/notifications/inbox/read", {"ids": ids[:1]}, content_type="application/json"
    )
    assert answer.json() == {"marked": 1, "unread": 3}
    assert len(feed(browser, unread=1)["messages"]) == 3
    answer = browser.post(
        "/notifications/inbox/read", {"up_to": ids[2]}, content_type="application/json"
    )
    assert answer.json() == {"marked": 2, "unread": 1}
    assert browser.get("/notifications/inbox/unread").json() == {"unread": 1}


@pytest.mark.parametrize(
    ("place", "query"),
    [
        ("messages", {"limit": "0" * 19 + "1" + "9" * 6}),
        ("messages", {"limit": "9" * 5_000}),
        ("messages", {"before": "9" * 19}),
        ("messages", {"limit": "0"}),
        ("messages", {"limit": "101"}),
        ("messages", {"before": "x"}),
    ],
)
def test_a_wrong_question_is_answered_400(
    browser: Client, place: str, query: dict[str, str]
) -> None:
    answer = browser.get(f"/notifications/inbox/{place}", query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"ids": []}',
        '{"ids": "1"}',
        '{"ids": [true]}',
        '{"up_to": "x"}',
        "{}",
        "[" * (MAX_BODY // 2),
        '{"ids": ' + "[" * 9_000 + "]" * 9_000 + "}",
        '{"up_to": ' + "1" * 5_000 + "}",
        '{"up_to": 1e999}',
        b"\xff",
    ],
    ids=lambda body: str(body)[:20],
)
def test_a_wrong_body_is_answered_400(browser: Client, body: str | bytes) -> None:
    answer = browser.post("/notifications/inbox/read", body, content_type="application/json")
    assert answer.status_code == 400
    assert browser.get("/notifications/inbox/read").status_code == 405


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 5_000, "long"])
def test_a_body_that_is_too_long_or_says_no_length_is_not_read(
    browser: Client, length: str
) -> None:
    answer = browser.post(
        "/notifications/inbox/read",
        {"up_to": 5},
        content_type="application/json",
        CONTENT_LENGTH=length,
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == f"body: give at most {MAX_BODY} bytes"


def test_a_page_of_another_site_cannot_mark_messages(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    answer = client.post("/notifications/inbox/read", {"up_to": 5}, content_type="application/json")
    assert answer.status_code == 403


def test_answers_are_not_cached(browser: Client) -> None:
    answer = browser.get("/notifications/inbox/messages")
    assert "no-store" in answer["Cache-Control"]


def by_header(request: HttpRequest) -> str | None:
    return request.headers.get("X-Customer")


def test_an_application_may_say_whose_inbox_it_is(ada: User, settings: Settings) -> None:
    path = f"{__name__}.by_header"
    settings.BELLRINGER = {**settings.BELLRINGER, "INBOX_OWNER": path}
    notify("paid", to="customer-7", channel="inbox", context={"n": 1})
    run_due()
    client = Client()
    assert client.get("/notifications/inbox/unread").status_code == 401
    answer = client.get("/notifications/inbox/unread", headers={"X-Customer": "customer-7"})
    assert answer.json() == {"unread": 1}


def test_a_delivery_puts_one_message_however_often_it_runs(ada: User) -> None:
    notification = notify("paid", to=str(ada.pk), channel="inbox", context={"n": 1})
    delivery = notification.deliveries.get()
    sendable = begin({delivery.pk: 1})[delivery.pk]
    assert isinstance(sendable, Sendable)
    assert put(sendable, clock.now()) == put(sendable, clock.now())
    run_due()
    assert InboxMessage.objects.count() == 1


def test_a_code_cannot_be_put_where_it_would_be_kept(ada: User) -> None:
    publish_template("code", channel="inbox", subject="Code", text="{{ code }}")
    with pytest.raises(
        InvalidNotification, match="secret_context: cannot be sent by channel inbox"
    ):
        notify("code", to="1", channel="inbox", secret_context={"code": "918273"})
