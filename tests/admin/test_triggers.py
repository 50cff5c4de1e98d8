"""Scheduled triggers: the form refuses at the door, events are shown and steered."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from notifications import triggers
from notifications.models import CronTrigger, TriggerEvent, TriggerInvocation
from notifications.triggers.headers import resolve_headers
from tasks_core import clock
from tasks_core.models import Occurrence
from tests.admin import rows

TRIGGERS = "/admin/notifications/crontrigger/"
EVENTS = "/admin/notifications/triggerevent/"
FORM = {
    "name": "nightly",
    "webhook": "https://hooks.example.com/in",
    "schedule": "0 3 * * *",
    "timezone": "Europe/Berlin",
    "payload": '{"a": 1}',
    "headers": '[{"name": "X-Token", "value": "hunter22"}]',
    "retry_conf": '{"num_retries": 3}',
    "misfire_policy": "fire_all",
    "when_disabled": "cancelled",
    "comment": "report",
    "request_transform": "",
    "response_transform": "",
}


@pytest.fixture
def nightly(operator: Client) -> CronTrigger:
    operator.post(f"{TRIGGERS}add/", FORM)
    return CronTrigger.objects.get()


def event(status: str = "error", **columns: Any) -> TriggerEvent:
    """Give a one-off event with one log row."""
    made = TriggerEvent.objects.create(
        webhook="https://hooks.example.com/in",
        scheduled_time=clock.now() + timedelta(days=1),
        created_at=clock.now(),
        status=status,
        **columns,
    )
    TriggerInvocation.objects.create(
        event=made,
        status=1000,
        request={"payload": {"id": "x"}, "headers": [], "version": "1"},
        response={"type": "client_error", "data": {"message": "no connection"}, "version": "1"},
        created_at=clock.now(),
    )
    return made


def test_whoever_may_only_look_sees_names_of_headers_and_masks_for_what_is_sealed(
    viewer: Client, nightly: CronTrigger
) -> None:
    page = rows.text(viewer.get(f"{TRIGGERS}{nightly.pk}/change/"))
    assert "X-Token" in page
    assert "••••••" in page
    assert nightly.headers[0]["sealed"] not in page
    assert "gAAAAA" not in page


def test_a_trigger_is_created_with_its_ticks(operator: Client, nightly: CronTrigger) -> None:
    assert (nightly.payload, nightly.comment, nightly.enabled) == ({"a": 1}, "report", True)
    assert nightly.retry_conf["num_retries"] == 3
    assert Occurrence.objects.upcoming().count() >= 100
    page = rows.text(operator.get(f"{TRIGGERS}{nightly.pk}/change/"))
    assert "03:00:00 CE" in page  # the next times in its zone
    assert "UTC" in page
    assert "nightly" in rows.text(operator.get(TRIGGERS))


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("schedule", "61 * * * *", "schedule: "),
        ("timezone", "Mars/Olympus", "timezone: "),
        ("webhook", "http://hooks.example.com", "https"),
        ("webhook", "https://x.example/{{SECRET_KEY}}", "begin with HOOK_"),
        ("payload", "{", "valid JSON"),
        ("headers", '{"X": "a"}', "headers: "),
        ("retry_conf", '{"num_retries": -1}', "cannot be a negative value"),
        ("request_transform", '{"url": "{{ unknown }}"}', "there is no variable unknown"),
        ("name", "", "This field is required"),
    ],
)
def test_a_wrong_trigger_is_explained_at_its_field_and_not_stored(
    operator: Client, field: str, value: str, complaint: str
) -> None:
    answer = operator.post(f"{TRIGGERS}add/", {**FORM, field: value})
    assert answer.status_code == 200
    [problems] = answer.context["adminform"].form.errors[field].as_data()
    assert complaint in str(problems)
    assert not CronTrigger.objects.exists()


def test_a_taken_name_is_refused(operator: Client, nightly: CronTrigger) -> None:
    answer = operator.post(f"{TRIGGERS}add/", FORM)
    assert "already exists" in rows.text(answer)
    assert CronTrigger.objects.count() == 1


def test_an_edit_keeps_masked_headers_the_name_and_whether_it_is_enabled(
    operator: Client, nightly: CronTrigger
) -> None:
    triggers.disable_cron_trigger("nightly", reason="x")
    url = f"{TRIGGERS}{nightly.pk}/change/"
    page = operator.get(url)
    assert "hunter22" not in rows.text(page)
    shown = page.context["adminform"].form.initial["headers"]
    changed = {**FORM, "name": "other", "headers": json.dumps(shown), "schedule": "0 4 * * *"}
    assert operator.post(url, changed).status_code == 302
    nightly.refresh_from_db()
    assert (nightly.name, nightly.schedule, nightly.enabled) == ("nightly", "0 4 * * *", False)
    assert resolve_headers(nightly.headers)[0].value == "hunter22"


def test_a_trigger_is_switched_off_with_a_reason_and_on_again(
    operator: Client, nightly: CronTrigger
) -> None:
    operator.post(f"{TRIGGERS}{nightly.pk}/disable/", {"reason": "moved"})
    nightly.refresh_from_db()
    assert (nightly.enabled, nightly.disabled_reason) == (False, "moved (operator)")
    assert Occurrence.objects.upcoming().count() == 0
    operator.post(f"{TRIGGERS}{nightly.pk}/enable/")
    assert Occurrence.objects.upcoming().count() >= 100


def test_a_trigger_is_deleted_with_its_ticks(operator: Client, nightly: CronTrigger) -> None:
    operator.post(f"{TRIGGERS}{nightly.pk}/delete/", {"post": "yes"})
    assert not CronTrigger.objects.exists()
    assert Occurrence.objects.upcoming().count() == 0


def test_viewers_see_a_trigger_and_cannot_change_it(viewer: Client, db: None) -> None:
    made = triggers.create_cron_trigger(
        "nightly", webhook="https://hooks.example.com/in", schedule="0 3 * * *"
    )
    page = viewer.get(f"{TRIGGERS}{made.pk}/change/")
    assert page.status_code == 200
    assert viewer.post(f"{TRIGGERS}{made.pk}/change/", FORM).status_code == 403


def test_an_event_shows_its_calls(operator: Client) -> None:
    made = event(reason="no connection", payload={"seen": "yes"})
    page = rows.text(operator.get(f"{EVENTS}{made.pk}/change/"))
    for text in ("1000", "no connection", str(made.event_id), "Problem", "seen"):
        assert text in page


def test_a_sealed_header_is_not_shown(operator: Client) -> None:
    with clock.frozen(clock.now()):
        made = triggers.create_scheduled_event(
            webhook="https://hooks.example.com/in",
            schedule_at="2030-01-01T00:00Z",
            headers=[{"name": "Authorization", "value": "Bearer hunter22"}],
        )
    page = rows.text(operator.get(f"{EVENTS}{made.pk}/change/"))
    assert "Authorization" in page
    assert "hunter22" not in page
    assert made.headers[0]["sealed"] not in page


def test_events_are_filtered_by_status_type_and_trigger(
    operator: Client, nightly: CronTrigger
) -> None:
    failed, waiting = event("error"), event("scheduled")
    cron = TriggerEvent.objects.create(
        trigger=nightly, scheduled_time=clock.now(), created_at=clock.now(), status="error"
    )

    def listed(query: str) -> set[int]:
        return {row.pk for row in operator.get(f"{EVENTS}?{query}").context["cl"].result_list}

    assert listed("") == {failed.pk, waiting.pk, cron.pk}
    assert listed("status__exact=error") == {failed.pk, cron.pk}
    assert listed("type=one_off") == {failed.pk, waiting.pk}
    assert listed("type=cron") == {cron.pk}
    assert listed(f"trigger__id__exact={nightly.pk}") == {cron.pk}
    assert listed(f"q={failed.event_id}") == {failed.pk}
    assert listed("q=nightly") == {cron.pk}


def test_events_are_redelivered_in_bulk_and_those_that_wait_are_refused(operator: Client) -> None:
    failed, waiting = event("error"), event("scheduled")
    [said] = rows.bulk(operator, "notifications/triggerevent", "redeliver", [failed.pk, waiting.pk])
    assert "1 redelivered, 1 were not redelivered" in said
    assert TriggerEvent.objects.get(redelivery_of=failed).status == "scheduled"


def test_a_waiting_event_is_cancelled_with_a_reason(operator: Client) -> None:
    waiting, failed = event("scheduled"), event("error")
    [said] = rows.bulk(
        operator,
        "notifications/triggerevent",
        "cancel",
        [waiting.pk, failed.pk],
        reason="paid",
    )
    assert "1 cancelled, 1 had already ended" in said
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("cancelled", "paid (operator)")


def test_the_task_of_an_event_links_to_it(operator: Client) -> None:
    made = triggers.create_scheduled_event(
        webhook="https://hooks.example.com/in", schedule_at="2030-01-01T00:00Z"
    )
    page = rows.text(operator.get(f"/admin/tasks_core/task/{made.task_id}/change/"))
    assert f"{EVENTS}{made.pk}/change/" in page


def test_a_trigger_in_a_zone_that_this_machine_does_not_know_is_shown_in_utc(
    operator: Client, nightly: CronTrigger
) -> None:
    CronTrigger.objects.update(timezone="Mars/Olympus")
    assert operator.get(TRIGGERS).status_code == 200
    page = rows.text(operator.get(f"{TRIGGERS}{nightly.pk}/change/"))
    assert "Mars/Olympus" in page
    assert "UTC" in page
