"""Apprise, and its fence."""

import json
import subprocess
import sys
import threading

import pytest

from notifications.api import notify, publish_template, register_destination
from notifications.exceptions import InvalidNotification, InvalidProvider
from notifications.models import DeliveryAttempt, Destination, Notification
from notifications.sending.channels.apprise.schemas import SERVICES
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.receiver import Receiver, Reply, running_receiver

pytest.importorskip("apprise")
pytestmark = pytest.mark.django_db


@pytest.fixture
def allowed(allow_loopback: dict[str, object]) -> dict[str, object]:
    allow_loopback["APPRISE_SCHEMAS"] = ["ntfy", "gotify"]
    publish_template("alert", channel="apprise", subject="Alert", text="Disk {{ disk }} is full.")
    return allow_loopback


def topic(receiver: Receiver, query: str = "") -> Destination:
    url = f"ntfy://user:SECRETPASS@127.0.0.1:{receiver.port}/topic{query}"
    return register_destination("pager", channel="apprise", url=url)


def alert() -> Notification:
    notification = notify("alert", to="pager", channel="apprise", context={"disk": "sda"})
    run_due()
    notification.refresh_from_db()
    return notification


def test_a_message_goes_out_and_the_url_stays_sealed(
    receiver: Receiver, allowed: dict[str, object]
) -> None:
    destination = topic(receiver)
    found = alert()
    assert found.state == "sent"
    [request] = receiver.received
    assert b"Disk sda is full." in request.body
    assert destination.hint == "ntfy://"
    for rows in (Destination, Notification, DeliveryAttempt, Task):
        assert "SECRETPASS" not in repr(list(rows.objects.values()))
    assert set(Task.objects.values_list("queue_name", flat=True)) >= {"apprise"}


@pytest.mark.parametrize(
    "url",
    [
        "mailto://user:pw@example.com",
        "json://127.0.0.1/hook",
        "xml://127.0.0.1/hook",
        "twilio://SID:token@+15551234/+15552345",
        "syslog://",
        "dbus://",
        "discord://id/token",
        "ntfy",
        "file:///etc/passwd",
    ],
)
def test_only_services_on_the_list_can_be_entered(allowed: dict[str, object], url: str) -> None:
    with pytest.raises(InvalidProvider) as refused:
        register_destination("x", channel="apprise", url=url)
    assert refused.value.field == "url"
    assert "pw" not in str(refused.value)
    assert not Destination.objects.exists()


@pytest.mark.parametrize("schema", ["mailto", "json", "twilio", "syslog", "smpp"])
def test_mail_sms_webhooks_and_the_local_machine_cannot_even_be_allowed(
    allowed: dict[str, object], schema: str
) -> None:
    allowed["APPRISE_SCHEMAS"] = [schema]
    with pytest.raises(InvalidProvider, match="allowed: none"):
        register_destination("x", channel="apprise", url=f"{schema}://example.com/x")


def test_nothing_is_allowed_unless_an_installation_says_so(
    allow_loopback: dict[str, object],
) -> None:
    with pytest.raises(InvalidProvider, match=r"allowed: none \(APPRISE_SCHEMAS\)"):
        register_destination("x", channel="apprise", url="ntfys://ntfy.example/topic")


def test_a_service_that_is_allowed_no_more_is_not_used(
    receiver: Receiver, allowed: dict[str, object]
) -> None:
    topic(receiver)
    allowed["APPRISE_SCHEMAS"] = []
    assert alert().state == "failed"
    assert receiver.received == []


@pytest.mark.guarantee(n=5)
def test_redirects_are_not_followed_although_the_url_asks_for_it(
    receiver: Receiver, allowed: dict[str, object]
) -> None:
    with running_receiver() as other:
        topic(receiver, "?redirect=yes")
        receiver.plan(Reply(302, {"Location": other.url}))
        found = alert()
        assert found.state == "in_progress"
        assert len(receiver.received) == 1
        assert other.received == []


@pytest.mark.guarantee(n=5)
def test_internal_addresses_are_not_connected_to(
    receiver: Receiver, allowed: dict[str, object]
) -> None:
    topic(receiver)
    allowed["OUTGOING_ALLOWED_NETWORKS"] = []
    found = alert()
    assert found.state == "in_progress"
    assert receiver.received == []


@pytest.mark.guarantee(n=5)
def test_an_own_proxy_is_reached_without_opening_its_network_to_others(
    receiver: Receiver, allowed: dict[str, object]
) -> None:
    with running_receiver() as proxy:
        allowed["APPRISE_PROXY"] = f"http://localhost:{proxy.port}"
        allowed["OUTGOING_ALLOWED_NETWORKS"] = []
        topic(receiver)
        assert alert().state == "sent"
        [request] = proxy.received
        assert request.path == f"http://127.0.0.1:{receiver.port}/"
        assert receiver.received == []


@pytest.mark.guarantee(n=5)
@pytest.mark.parametrize("networks", [[], ["127.0.0.0/8"]])
def test_with_a_proxy_nothing_else_is_connected_to(
    receiver: Receiver, allowed: dict[str, object], networks: list[str]
) -> None:
    """Not even an address that the guard allows."""
    script = (
        "import socket;from notifications.sending.channels.apprise.child import guard_connections;"
        f"guard_connections({{'OUTGOING_ALLOWED_NETWORKS': {networks}}}, 'http://127.0.0.2:9');"
        f"socket.create_connection(('127.0.0.1', {receiver.port}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "ConnectionRefused: address not allowed" in done.stderr


@pytest.mark.guarantee(n=5)
@pytest.mark.parametrize(
    ("entry", "value"),
    [("OUTGOING_PORTS", [443]), ("OUTGOING_ALLOWED_NETWORKS", ["127.0.0.0/8:443"])],
)
def test_ports_that_are_not_allowed_are_not_connected_to(
    receiver: Receiver, allowed: dict[str, object], entry: str, value: list[object]
) -> None:
    topic(receiver)
    allowed["OUTGOING_ALLOWED_NETWORKS"] = []
    allowed[entry] = value
    assert alert().state == "in_progress"
    assert receiver.received == []


def test_a_service_that_hangs_is_ended(
    receiver: Receiver, allowed: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic(receiver)
    monkeypatch.setattr("notifications.sending.channels.apprise.channel.SECONDS", 3.0)
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    found = alert()
    release.set()
    assert found.state == "in_progress"
    assert DeliveryAttempt.objects.get().outcome == "ambiguous"


def test_codes_never_go_this_way(receiver: Receiver, allowed: dict[str, object]) -> None:
    topic(receiver)
    publish_template("code", channel="apprise", text="{{ code }}")
    with pytest.raises(InvalidNotification, match="cannot be sent by channel apprise"):
        notify("code", to="pager", channel="apprise", secret_context={"code": "918273"})


def test_the_services_that_may_be_allowed_exist_in_apprise() -> None:
    script = (
        "import apprise,json;print(json.dumps([s for p in apprise.Apprise().details()['schemas']"
        " for k in ('protocols','secure_protocols') for s in (p[k] or [])]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert sorted(SERVICES - set(json.loads(done.stdout))) == []
