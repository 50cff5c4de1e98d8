"""The form of a schedule: what it says goes through the API, and errors are shown at their fields."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tasks_core import clock
from tasks_core.models import Occurrence, RetryPolicy, Schedule
from tasks_core.payloads import secrets_of
from tests.admin import rows

URL = "/admin/tasks_core/schedule/"
MARCH = datetime(2026, 3, 27, 12, tzinfo=UTC)
FORM = {
    "name": "nightly",
    "task_type": "admin_tests.order",
    "payload": '{"number": 1, "card": "4111-secret"}',
    "description": "",
    "kind": "cron",
    "expression": "30 2 * * *",
    "timezone": "Europe/Berlin",
    "start_at": "",
    "end_at": "",
    "exclusions": '{"crons": ["* * * * sat,sun"]}',
    "gap_policy": "skip",
    "fold_policy": "first",
    "jitter": "",
    "max_runs": "",
    "misfire_policy": "run_once",
    "misfire_grace": "1m",
    "misfire_max_age": "2h",
    "misfire_max_count": "",
    "overlap_policy": "skip",
    "queue_name": "",
    "priority": "",
    "retry_policy": "",
    "tags": "monthly, dunning",
    "expires_after": "",
}


def errors(page: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = page.context["adminform"].form.errors
    return found


def test_a_schedule_is_made_with_its_ledger(operator: Client) -> None:
    with clock.frozen(MARCH):
        done = operator.post(f"{URL}add/", FORM)
    assert done.status_code == 302, errors(done)
    schedule = Schedule.objects.get()
    assert (schedule.expression, schedule.timezone) == ("30 2 * * *", "Europe/Berlin")
    assert (schedule.gap_policy, schedule.overlap_policy) == ("skip", "skip")
    assert schedule.misfire_max_age == timedelta(hours=2)
    assert (schedule.tags, schedule.queue_name) == (["monthly", "dunning"], "admin-tests")
    assert secrets_of(schedule.payload) == ["4111-secret"]
    assert Occurrence.objects.upcoming().count() >= 100
    assert Occurrence.objects.filter(outcome="excluded").exists()


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ({"kind": "interval", "expression": "every 90 s"}, "every 90 s"),
        ({"kind": "once", "expression": "2036-07-01T09:00"}, "2036-07-01T09:00:00+02:00"),
    ],
)
def test_other_kinds_are_made_as_well(
    operator: Client, change: dict[str, str], expression: str
) -> None:
    done = operator.post(f"{URL}add/", {**FORM, **change})
    assert done.status_code == 302, errors(done)
    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.expression) == (change["kind"], expression)


@pytest.mark.parametrize(
    ("change", "field", "complaint"),
    [
        ({"expression": "0 25 * * *"}, "expression", "hours are 0 to 23"),
        ({"kind": "interval", "expression": "soon"}, "expression", "soon"),
        ({"kind": "once", "expression": "soon"}, "expression", "2026-12-24T18:00"),
        ({"timezone": "Europe/Berlim"}, "timezone", "did you mean Europe/Berlin"),
        ({"kind": "once", "expression": "2036-01-01", "timezone": "X"}, "timezone", "not known"),
        ({"exclusions": "{"}, "exclusions", "is not JSON"),
        ({"exclusions": "[]"}, "exclusions", "must be an object"),
        ({"exclusions": '{"days": []}'}, "exclusions", "there are dates"),
        ({"exclusions": '{"crons": ["x"]}'}, "exclusions", "minute"),
        ({"payload": "{"}, "payload", "not JSON"),
        ({"payload": '{"number": "x"}'}, "payload", "payload.number"),
        ({"task_type": "gone"}, "task_type", "Select a valid choice"),
        ({"name": ""}, "name", "required"),
        ({"jitter": "2d"}, "jitter", "at most"),
        ({"jitter": "soon"}, "jitter", "no length of time"),
        ({"misfire_grace": ""}, "misfire_grace", "required"),
        ({"misfire_max_age": "1s"}, "misfire_max_age", "at least the grace"),
        ({"misfire_max_count": "0"}, "misfire_max_count", "from 1 up"),
        ({"max_runs": "0"}, "max_runs", "from 1 up"),
        ({"queue_name": "No Such"}, "queue_name", "lower-case"),
        ({"tags": "two words"}, "tags", "two words"),
        ({"start_at": "soon"}, "start_at", "no date and time"),
        ({"end_at": "2016-01-01T00:00"}, "expression", "no tick between start_at and end_at"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(
    operator: Client, change: dict[str, str], field: str, complaint: str
) -> None:
    page = operator.post(f"{URL}add/", {**FORM, **change})
    assert page.status_code == 200
    assert list(errors(page)) == [field]
    assert complaint in " ".join(errors(page)[field])
    assert "4111-secret" not in rows.text(page) or "payload" not in change
    assert not Schedule.objects.exists()


def test_a_form_that_is_refused_still_shows_the_times_that_it_names(operator: Client) -> None:
    with clock.frozen(MARCH):
        page = operator.post(f"{URL}add/", {**FORM, "name": ""})
    assert "<td>2026-03-30 00:30:00</td>" in rows.text(page)


def test_a_name_that_is_taken_is_refused(operator: Client) -> None:
    rows.schedule()
    page = operator.post(f"{URL}add/", FORM)
    assert "There is a schedule" in " ".join(errors(page)["name"])
    assert Schedule.objects.count() == 1


def test_a_form_that_nobody_edited_changes_nothing(operator: Client) -> None:
    with clock.frozen(MARCH):
        schedule = rows.schedule(
            payload={"number": 1, "card": "4111-secret"},
            misfire_max_age=7200,
            jitter=90,
            start_at=MARCH,
            exclusions={"dates": ["2026-12-25"]},
            tags=["a", "b"],
            retry=None,
        )
        before = Schedule.objects.values().get()
        ticks = list(Occurrence.objects.order_by("pk").values_list("pk", flat=True))
        url = f"{URL}{schedule.pk}/change/"
        form = rows.form_of(operator, url)
        assert (form["misfire_max_age"], form["jitter"]) == ("2h", "90s")
        assert "4111-secret" not in form["payload"]
        assert operator.post(url, form).status_code == 302
    after = Schedule.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert list(Occurrence.objects.order_by("pk").values_list("pk", flat=True)) == ticks


def test_a_new_expression_replaces_the_ticks_to_come(operator: Client) -> None:
    with clock.frozen(MARCH):
        schedule = rows.schedule()
        url = f"{URL}{schedule.pk}/change/"
        operator.post(url, {**rows.form_of(operator, url), "expression": "0 5 * * *"})
        first = Occurrence.objects.upcoming().earliest("due")
    assert first.due == datetime(2026, 3, 28, 4, tzinfo=UTC)
    assert not Occurrence.objects.upcoming().filter(due__minute=30).exists()


def test_a_new_name_and_payload_keep_ticks_and_secrets(operator: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": "4111-secret"})
    ticks = set(Occurrence.objects.values_list("pk", flat=True))
    url = f"{URL}{schedule.pk}/change/"
    form = rows.form_of(operator, url)
    payload = form["payload"].replace('"number": 1', '"number": 2')
    operator.post(url, {**form, "name": "renamed", "payload": payload})
    schedule.refresh_from_db()
    assert (schedule.name, schedule.payload["number"]) == ("renamed", 2)
    assert secrets_of(schedule.payload) == ["4111-secret"]
    assert set(Occurrence.objects.values_list("pk", flat=True)) == ticks


def test_of_two_people_who_edit_at_once_the_second_is_told(operator: Client) -> None:
    schedule = rows.schedule()
    url = f"{URL}{schedule.pk}/change/"
    first, second = rows.form_of(operator, url), rows.form_of(operator, url)
    assert f'name="seen" value="{second["seen"]}"' in rows.text(operator.get(url))
    operator.post(url, {**first, "overlap_policy": "skip"})
    page = operator.post(url, {**second, "description": "mine"})
    assert "Somebody else has edited this schedule meanwhile" in rows.text(page)
    schedule.refresh_from_db()
    assert (schedule.overlap_policy, schedule.description) == ("skip", "")


def test_a_retry_policy_is_chosen_and_given_up_again(operator: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle")
    schedule = rows.schedule()
    url = f"{URL}{schedule.pk}/change/"
    form = rows.form_of(operator, url)
    operator.post(url, {**form, "retry_policy": str(policy.pk)})
    assert Schedule.objects.get().retry_policy == policy
    operator.post(url, {**rows.form_of(operator, url), "retry_policy": ""})
    assert Schedule.objects.get().retry_policy is None


def test_a_schedule_that_was_deleted_meanwhile_is_not_made_again(operator: Client) -> None:
    schedule = rows.schedule()
    url = f"{URL}{schedule.pk}/change/"
    form = rows.form_of(operator, url)
    Schedule.objects.update(deleted_at=clock.now())
    assert operator.post(url, {**form, "description": "mine"}).status_code == 403
    assert Schedule.objects.get().description == ""


def test_the_preview_follows_the_form(operator: Client) -> None:
    with clock.frozen(MARCH):
        page = rows.text(operator.post(f"{URL}preview/", FORM))
    assert "<td>2026-03-30 00:30:00</td>" in page
    assert "skipped: clocks leave out 02:30:00" in page
    assert "excluded by its calendar" in page
    assert not Schedule.objects.exists()


def test_the_preview_of_an_interval_counts_from_its_own_beginning(operator: Client) -> None:
    with clock.frozen(MARCH - timedelta(seconds=7)):
        schedule = rows.schedule(cron=None, every=600)
    form = {**FORM, "kind": "interval", "expression": "every 600 s", "exclusions": ""}
    with clock.frozen(MARCH):
        page = rows.text(operator.post(f"{URL}preview/?schedule={schedule.pk}", form))
        other = rows.text(operator.post(f"{URL}preview/?schedule=x", form))
    assert "<td>2026-03-27 12:09:53</td>" in page
    assert "<td>2026-03-27 12:10:00</td>" in other


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"expression": "0 25 * * *"}, "hours are 0 to 23"),
        ({"expression": ""}, "expression: This field is required"),
        ({"timezone": "Europe/Berlim"}, "did you mean Europe/Berlin"),
        ({"exclusions": "{"}, "exclusions: is not JSON"),
        ({"end_at": "2016-01-01T00:00"}, "It is due no more"),
    ],
)
def test_the_preview_names_what_is_wrong(
    operator: Client, change: dict[str, str], complaint: str
) -> None:
    assert complaint in rows.text(operator.post(f"{URL}preview/", {**FORM, **change}))


def test_viewers_have_no_use_for_the_preview(viewer: Client) -> None:
    assert viewer.post(f"{URL}preview/", FORM).status_code == 403


def test_lines_that_a_browser_sends_are_no_edit(operator: Client) -> None:
    schedule = rows.schedule(
        description="Every night.\nAsk the accountants.", payload={"number": 7, "fails": False}
    )
    url = f"{URL}{schedule.pk}/change/"
    form = {name: text.replace("\n", "\r\n") for name, text in rows.form_of(operator, url).items()}
    shown = operator.post(url, {**form, "expression": "nonsense"})
    assert shown.context["adminform"].form.changed_data == ["expression"]
    operator.post(url, {**form, "description": "One.\r\nTwo."})
    schedule.refresh_from_db()
    assert schedule.description == "One.\nTwo."
