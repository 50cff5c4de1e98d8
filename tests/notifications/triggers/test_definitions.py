"""What is checked at the door: instants, retry_conf, addresses, variables, headers."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pytest_django import Settings

from notifications.confidential import MASK
from notifications.exceptions import InvalidTrigger
from notifications.triggers import environment, webhook
from notifications.triggers.definition import define
from notifications.triggers.headers import resolve_headers, shown_headers, store_headers
from notifications.triggers.retry_conf import RetryConf, parse_retry_conf
from notifications.triggers.timestamps import parse_instant, written


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2020-01-01 15:44 Z", datetime(2020, 1, 1, 15, 44, tzinfo=UTC)),
        ("2020-01-01T15:45 Z", datetime(2020, 1, 1, 15, 45, tzinfo=UTC)),
        ("2020-01-01T15:46Z", datetime(2020, 1, 1, 15, 46, tzinfo=UTC)),
        ("2020-01-01T15:47:00+0000", datetime(2020, 1, 1, 15, 47, tzinfo=UTC)),
        ("2020-01-01T15:48:00-05:30", datetime(2020, 1, 1, 21, 18, tzinfo=UTC)),
        ("2020-01-01T15:48:00.25+02:00", datetime(2020, 1, 1, 13, 48, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_the_accepted_forms_of_an_instant(text: str, instant: datetime) -> None:
    assert parse_instant("schedule_at", text) == instant


def test_a_datetime_with_any_zone_is_an_instant() -> None:
    zone = timezone(timedelta(hours=2))
    given = datetime(2026, 7, 1, 9, tzinfo=zone)
    assert parse_instant("schedule_at", given) == datetime(2026, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2020-01-01",
        "2020-01-01T15:46",
        "2020-13-01T00:00Z",
        "0001-01-01T00:00+05:00",
        17,
        None,
        datetime(2020, 1, 1),  # noqa: DTZ001
    ],
)
def test_other_forms_are_refused_with_the_field(value: Any) -> None:
    with pytest.raises(InvalidTrigger, match=r"^schedule_at: "):
        parse_instant("schedule_at", value)


def test_instants_are_written_in_utc_with_z() -> None:
    assert written(datetime(2021, 4, 14, 4, 10, tzinfo=UTC)) == "2021-04-14T04:10:00Z"


def test_the_defaults_of_retry_conf() -> None:
    conf = RetryConf()
    assert (conf.num_retries, conf.retry_interval_seconds) == (0, 10)
    assert (conf.timeout_seconds, conf.tolerance_seconds) == (60, 21_600)
    assert (conf.backoff, conf.jitter, conf.retry_client_errors) == ("fixed", "none", True)
    assert parse_retry_conf(None) == parse_retry_conf({}) == conf


def test_a_negative_num_retries_is_refused_in_these_words() -> None:
    with pytest.raises(InvalidTrigger, match=r"num_retries: cannot be a negative value"):
        parse_retry_conf({"num_retries": -1})


@pytest.mark.parametrize(("given", "seconds"), [(1.4, 1), (1.5, 2), (0.5, 1), (59.9, 60), (7, 7)])
def test_timeout_seconds_is_rounded_to_whole_seconds(given: float, seconds: int) -> None:
    assert parse_retry_conf({"timeout_seconds": given}).timeout_seconds == seconds


@pytest.mark.parametrize(
    "given",
    [
        {"retry_interval_seconds": -1},
        {"tolerance_seconds": -0.5},
        {"timeout_seconds": 0},
        {"timeout_seconds": 3601},
        {"num_retries": 1.5},
        {"num_retries": 1001},
        {"num_retries": True},
        {"num_retries": "3"},
        {"tolerance_seconds": float("nan")},
        {"tolerance_seconds": float("inf")},
        {"backoff": "random"},
        {"backoff_factor": 0.5},
        {"jitter": "some"},
        {"retry_client_errors": 1},
        {"interval_sec": 10},
        {"timeout_sec": 10},
    ],
)
def test_other_values_of_retry_conf_are_refused_with_their_field(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidTrigger, match=r"^retry_conf") as refused:
        parse_retry_conf(given)
    assert next(iter(given)) in str(refused.value)


def test_a_stored_retry_conf_is_read_back_as_it_was() -> None:
    conf = parse_retry_conf({"num_retries": 3, "backoff": "exponential", "jitter": "full"})
    assert parse_retry_conf(conf.to_json()) == parse_retry_conf(conf) == conf


def test_variables_of_the_address_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_HOST", "hooks.example.com")
    monkeypatch.setenv("HOOK_KEY", "k3y")
    url, secrets = webhook.resolve("https://{{HOOK_HOST}}/in/{{ HOOK_KEY }}?a={{HOOK_KEY}}")
    assert url == "https://hooks.example.com/in/k3y?a=k3y"
    assert set(secrets) == {"hooks.example.com", "k3y"}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hooks.example.com",
        "http://hooks.example.com",
        "ftp://hooks.example.com",
        "https://user:pass@hooks.example.com",
        "https://hooks.example.com/{HOOK_KEY}",
        "https://hooks.example.com/{{HOOK_KEY",
        "https://hooks.example.com/{{DATABASE_URL}}",
        "https://hooks.example.com/{{}}",
        "https://hooks.example.com/" + "x" * 3000,
        17,
    ],
)
def test_a_wrong_address_is_refused(address: Any) -> None:
    with pytest.raises(InvalidTrigger, match=r"^webhook: "):
        webhook.check_webhook(address)


def test_a_variable_that_is_not_set_here_may_be_set_where_the_workers_run() -> None:
    assert webhook.check_webhook("{{HOOK_NOT_SET_HERE}}") == "{{HOOK_NOT_SET_HERE}}"


def test_a_variable_that_is_set_is_checked_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "gopher://x")
    with pytest.raises(InvalidTrigger, match=r"^webhook: ") as refused:
        webhook.check_webhook("{{HOOK_URL}}")
    assert "gopher" not in str(refused.value)


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "hook_x", "PATH", "XHOOK_A"])
def test_only_variables_with_the_prefix_may_be_used(name: str) -> None:
    with pytest.raises(InvalidTrigger, match="begin with HOOK_"):
        environment.check_name("webhook", name)


def test_the_prefix_is_a_setting_and_empty_allows_none(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "TRIGGER_ENV_PREFIX": "SHOP_"}
    assert environment.check_name("webhook", "SHOP_URL") == "SHOP_URL"
    settings.BELLRINGER = {**settings.BELLRINGER, "TRIGGER_ENV_PREFIX": ""}
    with pytest.raises(InvalidTrigger, match="TRIGGER_ENV_PREFIX"):
        environment.check_name("webhook", "SHOP_URL")


def test_the_prefix_is_checked_again_when_the_value_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", "x")
    with pytest.raises(environment.NotSet):
        environment.value_of("SHOP_URL")


def test_a_literal_header_with_a_telling_name_is_sealed_at_rest() -> None:
    stored = store_headers([{"name": "Authorization", "value": "Bearer abc"}])
    assert "Bearer" not in str(stored)
    [header] = resolve_headers(stored)
    assert (header.name, header.value) == ("Authorization", "Bearer abc")
    assert shown_headers(stored) == [{"name": "Authorization", "value": MASK}]


def test_a_masked_value_keeps_the_stored_one() -> None:
    stored = store_headers([{"name": "X-Token", "value": "abc"}])
    again = store_headers(shown_headers(stored), before=stored)
    assert resolve_headers(again)[0].value == "abc"
    with pytest.raises(InvalidTrigger, match="no value is stored"):
        store_headers([{"name": "X-Secret", "value": MASK}], before=stored)


@pytest.mark.parametrize(
    "header",
    [
        {"name": "X"},
        {"value": "a"},
        {"name": "X", "value": "a", "value_from_env": "HOOK_A"},
        {"name": "X Y", "value": "a"},
        {"name": "X", "value": "a\r\nEvil: 1"},
        {"name": "X\r\nEvil", "value": "a"},
        {"name": "X", "value": 1},
        {"name": "Host", "value": "inner"},
        {"name": "Content-Length", "value": "0"},
        {"name": "transfer-encoding", "value": "chunked"},
        {"name": "X", "value_from_env": "SECRET_KEY"},
        {"name": "X", "value_from_env": ""},
        {"name": "X", "sealed": "a"},
        "X: a",
    ],
)
def test_a_wrong_header_is_refused_with_its_place(header: Any) -> None:
    with pytest.raises(InvalidTrigger, match=r"^headers\[1\]"):
        store_headers([{"name": "Fine", "value": "1"}, header])


@pytest.mark.parametrize("headers", ["X: a", {"X": "a"}, 5, [{"name": "X", "value": "1"}] * 51])
def test_headers_are_a_list_of_bounded_length(headers: Any) -> None:
    with pytest.raises(InvalidTrigger, match=r"^headers: "):
        store_headers(headers)


def test_a_payload_has_a_limit(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "CONTEXT_LIMIT": 100}
    with pytest.raises(InvalidTrigger, match=r"^payload: takes 102 bytes; the limit is 100"):
        define(webhook="https://example.com/", payload="x" * 100)


def test_no_representation_shows_payload_or_headers() -> None:
    definition = define(
        webhook="https://example.com/",
        payload={"code": "123456"},
        headers=[{"name": "X-One", "value": "abcdef"}],
    )
    assert "123456" not in repr(definition)
    assert "abcdef" not in repr(definition)
