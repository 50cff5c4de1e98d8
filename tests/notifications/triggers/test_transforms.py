"""Request and response transforms."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from notifications.exceptions import InvalidTrigger
from notifications.triggers.definition import define
from tests.notifications.triggers.conftest import MakeEvent, deliver, invocations
from tests.support.receiver import Receiver, Reply

HEADERS = "request_transform.request_headers"

pytestmark = pytest.mark.django_db(transaction=True)


def test_method_url_query_and_headers_are_transformed(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event(
        payload={"id": 7, "q": "a b&c"},
        headers=[{"name": "X-Old", "value": "1"}, {"name": "X-Kept", "value": "2"}],
        request_transform={
            "method": "PUT",
            "url": "{{ base_url }}/orders/{{ body.payload.id }}",
            "query_params": {"q": "{{ body.payload.q }}", "fixed": "1"},
            "request_headers": {
                "add_headers": {"X-Id": "{{ body.id }}"},
                "remove_headers": ["x-old"],
            },
        },
    )
    assert deliver(event).status == "delivered"
    [seen] = receiver.received
    assert (seen.method, seen.path) == ("PUT", "/hook/orders/7?q=a+b%26c&fixed=1")
    assert seen.headers["x-id"] == str(event.event_id)
    assert seen.headers["x-kept"] == "2"
    assert "x-old" not in seen.headers
    assert json.loads(seen.body)["payload"] == {"id": 7, "q": "a b&c"}


def test_a_version_1_body_is_a_template_of_json(make_event: MakeEvent, receiver: Receiver) -> None:
    event = make_event(
        payload={"name": 'A "quoted" name', "lines": [1, 2]},
        request_transform={
            "version": "1",
            "body": '{"n": {{ body.payload.name }}, "l": {{ body.payload.lines }} }',
        },
    )
    deliver(event)
    [seen] = receiver.received
    assert json.loads(seen.body) == {"n": 'A "quoted" name', "l": [1, 2]}
    assert seen.headers["content-type"] == "application/json"


def test_version_1_is_the_default(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(make_event(request_transform={"body": '{"a": 1}'}))
    assert receiver.received[0].body == b'{"a":1}'


def test_a_version_1_content_type_may_be_a_form(make_event: MakeEvent, receiver: Receiver) -> None:
    event = make_event(
        payload="ä&",
        request_transform={
            "body": '{"text": {{ body.payload }}, "n": 1}',
            "content_type": "application/x-www-form-urlencoded",
        },
    )
    deliver(event)
    [seen] = receiver.received
    assert seen.body == b"text=%C3%A4%26&n=1"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_version_2_body_may_be_transformed(make_event: MakeEvent, receiver: Receiver) -> None:
    body = {"action": "transform", "template": '{"id": {{ body.id }} }'}
    event = deliver(make_event(request_transform={"version": "2", "body": body}))
    assert json.loads(receiver.received[0].body) == {"id": str(event.event_id)}


def test_a_version_2_body_may_be_a_form(make_event: MakeEvent, receiver: Receiver) -> None:
    body = {
        "action": "x_www_form_urlencoded",
        "form_template": {"who": "{{ body.payload.who }}", "b": "2"},
    }
    deliver(
        make_event(payload={"who": "Ada & Co"}, request_transform={"version": "2", "body": body})
    )
    [seen] = receiver.received
    assert parse_qs(seen.body.decode()) == {"who": ["Ada & Co"], "b": ["2"]}
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_version_2_body_may_be_removed(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(
        make_event(
            request_transform={"version": "2", "method": "GET", "body": {"action": "remove"}}
        )
    )
    [seen] = receiver.received
    assert (seen.method, seen.body) == ("GET", b"")
    assert "content-type" not in seen.headers


def test_not_and_escaping_are_available(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(
        make_event(
            payload={"off": False, "path": "a b"},
            request_transform={
                "url": "{{ base_url }}/{{ body.payload.path|urlencode }}",
                "body": "{{ not body.payload.off }}",
            },
        )
    )
    [seen] = receiver.received
    assert (seen.path, seen.body) == ("/hook/a%20b", b"true")


def test_a_transformed_request_is_logged_beside_the_original(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event(
        payload={"password": "hunter22", "a": 1},
        request_transform={
            "body": '{"p": {{ body.payload.password }}, "a": {{ body.payload.a }} }'
        },
    )
    [row] = invocations(deliver(event))
    assert row.request["transformed_request"]["method"] == "POST"
    assert json.loads(row.request["transformed_request"]["body"])["a"] == 1
    assert b"hunter22" in receiver.received[0].body
    assert "hunter22" not in json.dumps(row.request)


@pytest.mark.parametrize(
    "transform",
    [
        {"body": '{"x": {{ body.payload.missing }} }'},
        {"body": "{{ body.payload.text }} and more"},
        {"body": '{"n": {{ body.payload.text + 1 }} }'},
        {"url": "{{ body.payload.nothing }}"},
        {"body": "[{% for a in body.payload.many %}{% for b in body.payload.many %}"
                 "{% for c in body.payload.many %}1,{% endfor %}{% endfor %}{% endfor %}1]"},
        {"request_headers": {"add_headers": {"X": "{{ body.payload.lines }}"}}},
        {"body": "[1]", "content_type": "application/x-www-form-urlencoded"},
        {"body": "[" * 5_000 + "]" * 5_000},
        {"body": '["\\ud800"]'},
    ],
    ids=["missing", "no-json", "types", "null", "endless", "header-injection", "no-form", "deep", "half"],
)  # fmt: skip
def test_a_request_transform_that_fails_is_an_error_with_a_log_row_and_no_call(
    make_event: MakeEvent, receiver: Receiver, transform: dict[str, Any]
) -> None:
    payload = {"text": "t0p-s3cret", "nothing": None, "many": list(range(50)), "lines": "a\r\nb: c"}
    event = make_event(payload=payload, request_transform=transform, retry_conf={"num_retries": 3})
    assert deliver(event).status == "error"
    assert receiver.received == []
    [row] = invocations(event)
    assert row.status == 500
    assert row.response["type"] == "client_error"
    message = row.response["data"]["message"]
    assert message.startswith("request_transform: ")
    assert "t0p-s3cret" not in message


def test_a_request_that_cannot_be_made_for_a_reason_nobody_thought_of_is_on_record(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    half = '{{ "\\ud800" }}'
    event = make_event(request_transform={"query_params": {"q": half}})
    assert deliver(event).status == "error"
    assert receiver.received == []
    [row] = invocations(event)
    assert row.status == 500
    assert "an unexpected UnicodeEncodeError" in row.response["data"]["message"]


@pytest.mark.guarantee(n=5)
def test_a_transform_cannot_reach_an_inner_address(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    event = make_event(request_transform={"url": "http://169.254.169.254/latest/meta-data"})
    assert deliver(event).status == "error"
    [row] = invocations(event)
    assert row.response["data"]["message"] == "address not allowed"


def test_the_response_is_transformed_for_the_log(make_event: MakeEvent, receiver: Receiver) -> None:
    receiver.plan(Reply(201, body=b'{"order": {"id": 5, "noise": "x"}}'))
    event = make_event(
        response_transform={
            "body": '{"id": {{ body.order.id }}, "status": {{ status }}, "was": {{ request.id }} }'
        }
    )
    [row] = invocations(deliver(event))
    assert json.loads(row.response["data"]["body"]) == {
        "id": 5,
        "status": 201,
        "was": str(event.event_id),
    }


def test_a_version_2_response_body_may_be_removed(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(body=b'{"a": 1}'))
    event = make_event(response_transform={"version": "2", "body": {"action": "remove"}})
    [row] = invocations(deliver(event))
    assert row.response["data"]["body"] == ""


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 1001), (b'{"b": 1}', 500)], ids=["no-json", "missing"]
)
def test_a_response_transform_that_fails_is_an_error_with_a_log_row_and_no_second_call(
    make_event: MakeEvent, receiver: Receiver, body: bytes, status: int
) -> None:
    receiver.plan(Reply(body=body))
    event = make_event(
        response_transform={"body": '{"a": {{ body.a }} }'}, retry_conf={"num_retries": 3}
    )
    assert deliver(event).status == "error"
    assert len(receiver.received) == 1
    [row] = invocations(event)
    assert row.status == status
    assert row.response["data"]["message"].startswith("response_transform: ")


def test_of_a_failed_call_the_response_is_logged_as_it_is_if_it_cannot_be_transformed(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(502, body=b"<html>bad gateway"))
    event = make_event(response_transform={"body": '{"a": {{ body.a }} }'})
    [row] = invocations(deliver(event))
    assert (row.status, row.response["data"]["body"]) == (502, "<html>bad gateway")


@pytest.mark.parametrize(
    ("field", "transform"),
    [
        ("request_transform", {"verb": "GET"}),
        ("request_transform", ["GET"]),
        ("request_transform.version", {"version": "3"}),
        ("request_transform.template_engine", {"template_engine": "Kriti"}),
        ("request_transform.method", {"method": "TRACE"}),
        ("request_transform.url", {"url": "{{ base_url"}),
        ("request_transform.url", {"url": "{{ unknown }}"}),
        ("request_transform.url", {"url": "{{ base_url.__class__() }}"}),
        ("request_transform.query_params", {"query_params": "a=1"}),
        ("request_transform.query_params.a", {"query_params": {"a": 1}}),
        ("request_transform.request_headers", {"request_headers": {"add": {}}}),
        (f"{HEADERS}.add_headers", {"request_headers": {"add_headers": {"a b": "1"}}}),
        (f"{HEADERS}.add_headers", {"request_headers": {"add_headers": {"Host": "x"}}}),
        (f"{HEADERS}.remove_headers", {"request_headers": {"remove_headers": "x"}}),
        ("request_transform.content_type", {"content_type": "text/xml"}),
        ("request_transform.content_type", {"version": "2", "content_type": "application/json"}),
        ("request_transform.body", {"body": {"action": "remove"}}),
        ("request_transform.body", {"version": "2", "body": "{}"}),
        ("request_transform.body.action", {"version": "2", "body": {"action": "drop"}}),
        ("request_transform.body.template", {"version": "2", "body": {"action": "transform"}}),
        ("request_transform.body.form_template",
         {"version": "2", "body": {"action": "x_www_form_urlencoded"}}),
        ("request_transform.body", {"body": "{% include 'x' %}"}),
    ],
)  # fmt: skip
def test_a_wrong_request_transform_is_refused_with_its_field(field: str, transform: Any) -> None:
    with pytest.raises(InvalidTrigger) as refused:
        define(webhook="https://example.com/", request_transform=transform)
    assert refused.value.field.startswith(field)


@pytest.mark.parametrize(
    "transform", [{"url": "x"}, {"version": 9}, {"body": ""}, {"body": "{{ session }}"}]
)
def test_a_wrong_response_transform_is_refused(transform: Any) -> None:
    with pytest.raises(InvalidTrigger, match=r"^response_transform"):
        define(webhook="https://example.com/", response_transform=transform)
