"""What is kept of each attempt: its form, what is masked, what is cut."""

import json
from typing import Any

import pytest

from notifications.confidential import MASK
from tests.notifications.triggers.conftest import MakeEvent, deliver, invocations
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_request_is_logged_with_the_wrapped_payload_headers_and_version(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = deliver(make_event(payload={"a": 1}, headers=[{"name": "X-Shop", "value": "one"}]))
    [row] = invocations(event)
    assert row.request == {
        "payload": json.loads(receiver.received[0].body),
        "headers": [
            {"name": "Content-Type", "value": "application/json"},
            {"name": "User-Agent", "value": "Bellringer-Triggers/1.0"},
            {"name": "X-Shop", "value": "one"},
        ],
        "version": "1",
    }


def test_the_response_is_logged_with_status_headers_and_body(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(201, {"X-Ref": "r1"}, b'{"ok": true}'))
    [row] = invocations(deliver(make_event()))
    assert row.status == 201
    assert (row.response["type"], row.response["version"]) == ("webhook_response", "1")
    data = row.response["data"]
    assert (data["status"], data["body"]) == (201, '{"ok": true}')
    assert {"name": "X-Ref", "value": "r1"} in data["headers"]


def test_a_log_row_says_when_and_how_long(make_event: MakeEvent, receiver: Receiver) -> None:
    [row] = invocations(deliver(make_event()))
    assert row.duration is not None
    assert row.duration > 0


def test_a_header_from_the_environment_is_sent_by_value_and_logged_by_name(
    make_event: MakeEvent,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_SHOP=127.0.0.1"]
    monkeypatch.setenv("HOOK_SHOP", "value-of-hook")
    receiver.plan(Reply(body=b"you said value-of-hook"))
    event = make_event(headers=[{"name": "X-Shop", "value_from_env": "HOOK_SHOP"}])
    [row] = invocations(deliver(event))
    assert receiver.received[0].headers["x-shop"] == "value-of-hook"
    assert {"name": "X-Shop", "value_from_env": "HOOK_SHOP"} in row.request["headers"]
    assert "value-of-hook" not in json.dumps([row.request, row.response])
    assert row.response["data"]["body"] == f"you said {MASK}"


def test_a_literal_header_is_logged_in_clear_unless_its_name_tells_of_a_secret(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    headers = [
        {"name": "X-Plain", "value": "visible"},
        {"name": "authorization", "value": "Bearer abcdef"},
        {"name": "X-Api-Key", "value": "k-123456"},
        {"name": "Cookie", "value": "session=abcdef"},
    ]
    [row] = invocations(deliver(make_event(headers=headers)))
    logged = {one["name"]: one["value"] for one in row.request["headers"]}
    assert logged["X-Plain"] == "visible"
    assert logged["authorization"] == logged["X-Api-Key"] == logged["Cookie"] == MASK
    sent = receiver.received[0].headers
    assert (sent["authorization"], sent["x-api-key"]) == ("Bearer abcdef", "k-123456")


def test_response_headers_that_tell_secrets_are_masked(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(headers={"Set-Cookie": "session=abcdef"}))
    [row] = invocations(deliver(make_event()))
    assert "abcdef" not in json.dumps(row.response)


def test_fields_of_the_payload_that_tell_secrets_are_masked_and_so_is_their_echo(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    payload = {
        "user": "ada",
        "nested": [{"access_token": "t0k3n-1", "password": {"a": "hunter22"}}],
    }
    receiver.plan(Reply(500, body=b'{"echo": "t0k3n-1 hunter22"}'))
    [row] = invocations(deliver(make_event(payload=payload)))
    assert json.loads(receiver.received[0].body)["payload"] == payload
    logged = row.request["payload"]["payload"]
    assert logged["user"] == "ada"
    assert logged["nested"] == [{"access_token": MASK, "password": MASK}]
    assert row.response["data"]["body"] == f'{{"echo": "{MASK} {MASK}"}}'


def test_a_variable_in_the_address_shows_up_nowhere(
    make_event: MakeEvent,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow_loopback["TRIGGER_ENV_HOSTS"] = ["HOOK_PATH=127.0.0.1"]
    monkeypatch.setenv("HOOK_PATH", "s3cr3t-path")
    receiver.plan(Reply(404, body=b"no route /s3cr3t-path"))
    event = deliver(make_event(webhook=f"{receiver.url}/{{{{HOOK_PATH}}}}"))
    assert receiver.received[0].path.endswith("/s3cr3t-path")
    [row] = invocations(event)
    assert "s3cr3t-path" not in json.dumps([row.request, row.response]) + event.reason


def test_bodies_are_cut_at_20_000_bytes(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_RESPONSE_LIMIT"] = 100_000
    receiver.plan(Reply(body="ä".encode() * 20_000))
    [row] = invocations(deliver(make_event(payload="ß" * 20_000)))
    body = row.response["data"]["body"]
    assert body == "ä" * 10_000 + "…"
    logged = row.request["payload"]
    assert isinstance(logged, str)
    assert 19_000 < len(logged.encode()) <= 20_003
    assert len(receiver.received[0].body) > 40_000


def test_a_body_that_no_column_could_hold_is_logged_all_the_same(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(body=b"nul \x00, bad \xff\xfe"))
    event = deliver(make_event())
    [row] = invocations(event)
    assert event.status == "delivered"
    assert row.response["data"]["body"].startswith("nul ")


@pytest.mark.parametrize(
    "options",
    [
        {"webhook": "{{HOOK_MISSING}}"},
        {"headers": [{"name": "X", "value_from_env": "HOOK_MISSING"}]},
    ],
    ids=["webhook", "headers"],
)
def test_a_variable_that_is_not_set_ends_in_error_with_a_log_row_that_names_it(
    make_event: MakeEvent, receiver: Receiver, options: dict[str, Any]
) -> None:
    event = deliver(make_event(retry_conf={"num_retries": 3}, **options))
    assert (event.status, event.tries) == ("error", 1)
    assert receiver.received == []
    [row] = invocations(event)
    assert row.status == 500
    assert row.response == {
        "type": "client_error",
        "data": {"message": "the environment variable HOOK_MISSING is not set for the worker"},
        "version": "1",
    }
    assert row.request["payload"]["id"] == str(event.event_id)
