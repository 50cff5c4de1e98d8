"""Slack, Teams and Telegram."""

import json
import logging
from datetime import timedelta

import pytest

from notifications.api import (
    notify,
    publish_template,
    register_destination,
    register_provider,
)
from notifications.exceptions import InvalidNotification, InvalidProvider
from notifications.models import DeliveryAttempt, Destination, Notification
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)

BOT = "xoxb-1234567890-abcdefghij"
TELEGRAM = "123456789:AAE-secret_token"


def base(receiver: Receiver) -> str:
    return receiver.url.removesuffix("/hook")


def answer(**document: object) -> Reply:
    return Reply(200, body=json.dumps(document).encode())


def sent(receiver: Receiver) -> dict[str, object]:
    found: dict[str, object] = json.loads(receiver.received[-1].body)
    return found


@pytest.fixture
def slack_bot(receiver: Receiver) -> None:
    register_provider(
        "slack", channel="slack", kind="slack", credentials={"token": BOT}, base_url=base(receiver)
    )
    publish_template("alert", channel="slack", text="*Alert* {{ what }}")


@pytest.fixture
def telegram_bot(receiver: Receiver) -> None:
    register_provider(
        "telegram",
        channel="telegram",
        kind="telegram",
        credentials={"token": TELEGRAM},
        base_url=base(receiver),
    )
    publish_template("alert", channel="telegram", text="Alert: {{ what }}")


@pytest.fixture
def room(receiver: Receiver) -> Destination:
    publish_template("alert", channel="slack", text="Alert: {{ what }}")
    return register_destination(
        "ops-room", channel="slack", url=f"{base(receiver)}/services/T0/SECRET"
    )


@pytest.fixture
def team(receiver: Receiver) -> Destination:
    publish_template("alert", channel="teams", subject="Alert", text="It is\n{{ what }}")
    return register_destination(
        "ops-team", channel="teams", url=f"{base(receiver)}/workflows?sig=SECRET"
    )


def alert(to: str, channel: str | None = None, what: str = "disk full") -> Notification:
    notification = notify("alert", to=to, channel=channel, context={"what": what})
    run_due()
    notification.refresh_from_db()
    return notification


@pytest.mark.usefixtures("slack_bot")
def test_a_slack_bot_posts_and_no_value_can_mention_everyone(receiver: Receiver) -> None:
    receiver.plan(answer(ok=True, channel="C123", ts="17.5"))
    found = alert("#ops", what="<!channel> a & b")
    assert found.state == "sent"
    assert receiver.received[0].path == "/api/chat.postMessage"
    assert receiver.received[0].headers["authorization"] == f"Bearer {BOT}"
    assert sent(receiver) == {"channel": "#ops", "text": "*Alert* &lt;!channel&gt; a &amp; b"}
    assert found.deliveries.get().provider_message_id == "C123:17.5"


@pytest.mark.usefixtures("slack_bot")
@pytest.mark.parametrize(
    ("reply", "state", "outcome"),
    [
        (answer(ok=False, error="channel_not_found"), "failed", "permanent"),
        (answer(ok=False, error="is_archived"), "failed", "permanent"),
        (answer(ok=False, error="invalid_auth"), "in_progress", "transient"),
        (answer(ok=False, error="fatal_error"), "in_progress", "transient"),
        (answer(ok=False, error="ratelimited"), "in_progress", "throttled"),
        (Reply(429, {"Retry-After": "30"}), "in_progress", "throttled"),
        (Reply(500), "in_progress", "transient"),
    ],
)
def test_errors_of_slack_are_told_apart(
    receiver: Receiver, reply: Reply, state: str, outcome: str
) -> None:
    receiver.plan(reply)
    assert alert("C0123456789", "slack").state == state
    assert DeliveryAttempt.objects.get().outcome == outcome


def test_an_incoming_webhook_is_known_by_its_name_only(
    receiver: Receiver, room: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = alert("ops-room", "slack")
    assert (found.state, found.address) == ("sent", "ops-room")
    assert receiver.received[0].path == "/services/T0/SECRET"
    assert sent(receiver) == {"text": "Alert: disk full"}
    assert "SECRET" not in caplog.text
    for rows in (Destination, Notification, DeliveryAttempt, Task):
        assert "SECRET" not in repr(list(rows.objects.values()))


@pytest.mark.parametrize(
    "reply", [Reply(410, body=b"channel_is_archived"), Reply(404, body=b"no_service")]
)
def test_a_webhook_that_is_gone_is_switched_off(
    receiver: Receiver, room: Destination, reply: Reply
) -> None:
    receiver.plan(reply)
    assert alert("ops-room", "slack").state == "failed"
    room.refresh_from_db()
    assert not room.enabled
    assert "Slack answered" in room.disabled_reason
    with pytest.raises(InvalidNotification, match="switched off: Slack answered"):
        notify("alert", to="ops-room", channel="slack", context={"what": "x"})


def test_teams_gets_a_card_whose_text_is_no_markdown(receiver: Receiver, team: Destination) -> None:
    receiver.plan(Reply(202))
    found = alert("ops-team", "teams", what="[click](https://evil.example)")
    assert found.state == "sent"
    card = sent(receiver)["attachments"][0]["content"]  # type: ignore[index]
    assert card["type"] == "AdaptiveCard"
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    texts = [block["inlines"][0]["text"] for block in card["body"]]
    assert texts == ["Alert", "It is", "[click](https://evil.example)"]
    assert receiver.received[0].path == "/workflows?sig=SECRET"


@pytest.mark.usefixtures("telegram_bot")
def test_a_telegram_bot_sends_plain_text(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.plan(answer(ok=True, result={"message_id": 77}))
    with caplog.at_level(logging.DEBUG):
        found = alert("-100123", "telegram", what="<b>x</b>")
    assert found.state == "sent"
    assert receiver.received[0].path == f"/bot{TELEGRAM}/sendMessage"
    assert sent(receiver)["text"] == "Alert: <b>x</b>"
    assert "parse_mode" not in sent(receiver)
    assert found.deliveries.get().provider_message_id == "-100123:77"
    assert TELEGRAM not in caplog.text
    assert TELEGRAM not in repr(list(DeliveryAttempt.objects.values()))


@pytest.mark.usefixtures("telegram_bot")
@pytest.mark.parametrize(
    ("status", "document", "state"),
    [
        (403, {"description": "Forbidden: bot was blocked by the user"}, "failed"),
        (400, {"description": "Bad Request: chat not found"}, "failed"),
        (401, {"description": "Unauthorized"}, "in_progress"),
        (500, {}, "in_progress"),
    ],
)
def test_errors_of_telegram_are_told_apart(
    receiver: Receiver, status: int, document: dict[str, str], state: str
) -> None:
    receiver.plan(Reply(status, body=json.dumps({"ok": False, **document}).encode()))
    found = alert("123", "telegram")
    assert found.state == state
    assert document.get("description", "") in found.deliveries.get().error


@pytest.mark.usefixtures("telegram_bot")
def test_telegram_says_in_the_body_how_long_to_wait(receiver: Receiver) -> None:
    document = {"ok": False, "parameters": {"retry_after": 35}}
    receiver.plan(Reply(429, body=json.dumps(document).encode()))
    before = clock.now()
    alert("123", "telegram")
    wait = Task.objects.unfinished().get().run_after - before
    assert timedelta(seconds=34) < wait < timedelta(seconds=60)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"channel": "pigeon", "url": "https://x.example"}, "channel"),
        ({"channel": "email", "url": "https://x.example"}, "channel"),
        ({"channel": "slack"}, "url"),
        ({"channel": "slack", "url": "ftp://x.example"}, "url"),
        ({"channel": "teams", "url": "https://x.example", "more": 1}, "url"),
    ],
)
def test_a_wrong_destination_is_refused(options: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidProvider) as refused:
        register_destination("room", **options)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert not Destination.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "inbox"}, "channel"),
        ({"kind": "carrier-pigeon"}, "kind"),
        ({"credentials": {}}, "credentials"),
        ({"credentials": {"token": BOT, "user": "x"}}, "credentials"),
        ({"credentials": {"token": "secret-but-wrong"}}, "credentials"),
        ({"base_url": "https://user:pw@slack.example"}, "base_url"),
        ({"options": {"sender": "x"}}, "options"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_provider_is_refused(change: dict[str, object], field: str) -> None:
    options = {
        "channel": "slack",
        "kind": "slack",
        "credentials": {"token": BOT},
        "name": "s",
        **change,
    }
    with pytest.raises(InvalidProvider) as refused:
        register_provider(**options)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert "secret-but-wrong" not in str(refused.value)


@pytest.mark.guarantee(n=4)
@pytest.mark.parametrize("before", [0, 90])
def test_part_of_the_address_that_is_quoted_is_not_kept(receiver: Receiver, before: int) -> None:
    token = "room-w3bh00k-0815"
    publish_template("alert", channel="slack", text="Alert: {{ what }}")
    register_destination("quoting", channel="slack", url=f"{base(receiver)}/services/T1/{token}")
    receiver.plan(Reply(404, body=f"{'n' * before} no {token}".encode()))

    alert("quoting", "slack")

    attempt = DeliveryAttempt.objects.get()
    assert "room" not in f"{attempt.error}{attempt.response}"
