"""Schedules: listed, looked at and steered."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import clock
from tasks_core.models import Backfill, Leadership, Occurrence, Schedule, Task
from tests.admin import rows
from tests.tasks_core.schedules.ticking import beat

URL = "/admin/tasks_core/schedule/"
MARCH = datetime(2026, 3, 27, 12, tzinfo=UTC)
Queries = Callable[[], CaptureQueriesContext]


def listed(client: Client, query: str = "") -> list[str]:
    return [one.name for one in client.get(URL + query).context["cl"].result_list]


def step(client: Client, schedule: Schedule, name: str, **answers: str) -> list[str]:
    """Take a step on a schedule's page, and return what was said afterwards."""
    done = client.post(f"{URL}{schedule.pk}/{name}/", answers)
    assert done.status_code == 302, rows.text(done)
    return rows.messages(client)


def test_the_list_says_when_in_words_what_is_next_and_what_was_last(viewer: Client) -> None:
    with clock.frozen(MARCH):
        rows.schedule(cron="0 * * * *")
    later = MARCH + timedelta(hours=2)
    beat(later)
    with clock.frozen(later):
        page = rows.text(viewer.get(URL))
    assert "At the start of every hour (Europe/Berlin)" in page or "(Europe/Berlin)" in page
    assert "Fri 2026-03-27 16:00:00" in page  # 15:00 in UTC
    assert "Fired" in page
    assert "Enabled" in page


def test_schedules_are_filtered_by_state_type_and_kind_and_found_by_name(operator: Client) -> None:
    with clock.frozen(MARCH):
        rows.schedule("ticking", cron="* * * * *")
        rows.schedule("halted")
        tasks_core.pause_schedule("halted", reason="holiday")
        rows.schedule("off")
        tasks_core.update_schedule("off", is_enabled=False)
        rows.schedule("once", cron="0 * * * *", max_runs=1)
        rows.schedule("gone")
        tasks_core.delete_schedule("gone")
        tasks_core.schedule_recurring("admin_tests.again", name="again", every=60)
    later = MARCH + timedelta(hours=1)
    beat(later)
    with clock.frozen(later):
        assert listed(operator) == ["again", "once", "off", "halted", "ticking"]
        assert listed(operator, "?state=enabled") == ["again", "ticking"]
        assert listed(operator, "?state=paused") == ["halted"]
        assert listed(operator, "?state=disabled") == ["off"]
        assert listed(operator, "?state=ended") == ["once"]
        assert listed(operator, "?state=deleted") == ["gone"]
        assert listed(operator, "?type=admin_tests.again") == ["again"]
        assert listed(operator, "?kind__exact=interval") == ["again"]
        assert listed(operator, "?q=HALT") == ["halted"]


def test_a_page_of_the_list_costs_the_same_whatever_it_shows(
    operator: Client, queries: Queries
) -> None:
    rows.schedule("first")
    operator.get(URL)
    with queries() as one:
        operator.get(URL)
    for number in range(20):
        rows.schedule(f"other-{number}")
    with queries() as many:
        operator.get(URL)
    assert len(many) == len(one) <= 12


@pytest.mark.guarantee(n=19)
def test_the_page_shows_the_next_times_across_the_change_of_clocks(operator: Client) -> None:
    with clock.frozen(MARCH):
        schedule = rows.schedule(exclusions={"dates": ["2026-03-30"]})
        page = rows.text(operator.get(f"{URL}{schedule.pk}/change/"))
    for words in (
        "<td>Sat 2026-03-28 02:30:00</td><td>2026-03-28 01:30:00</td>",
        "clocks go from 02:00 (UTC+01:00) to 03:00 (UTC+02:00)",
        "<td>Sun 2026-03-29 03:00:00</td><td>2026-03-29 01:00:00</td><td>shifted: clocks leave out",
        "excluded by its calendar",
        "<td>Sun 2026-04-05 02:30:00</td><td>2026-04-05 00:30:00</td>",
    ):
        assert words in page
    assert page.count("<td>2026-") == 10


def test_a_change_of_clocks_that_is_months_away_is_shown_as_well(viewer: Client) -> None:
    with clock.frozen(datetime(2026, 6, 1, tzinfo=UTC)):
        schedule = rows.schedule(fold="last")
        page = rows.text(viewer.get(f"{URL}{schedule.pk}/change/"))
    assert "When clocks are changed" in page
    assert "clocks go from 03:00 (UTC+02:00) to 02:00 (UTC+01:00)" in page
    assert "skipped: clocks show this time twice" in page


def test_a_tick_that_was_cancelled_is_no_more_among_the_next(viewer: Client) -> None:
    with clock.frozen(MARCH):
        schedule = rows.schedule()
        first = Occurrence.objects.upcoming().earliest("due")
        tasks_core.cancel_occurrence(first.pk)
        page = rows.text(viewer.get(f"{URL}{schedule.pk}/change/"))
    assert "<td>2026-03-28 01:30:00</td><td>cancelled</td>" in page


def test_viewers_read_everything_but_secrets_and_edit_nothing(viewer: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": "4111-secret"})
    url = f"{URL}{schedule.pk}/change/"
    page = rows.text(viewer.get(url))
    assert "At 02:30 every day (Europe/Berlin)" in page
    assert "••••••" in page
    assert "4111-secret" not in page
    assert "$sealed" not in page
    assert 'name="_save"' not in page
    assert viewer.post(url, {"name": "mine"}).status_code == 403
    assert Schedule.objects.get().name == "nightly"


def test_a_schedule_whose_expression_is_no_longer_understood_can_be_looked_at(
    operator: Client,
) -> None:
    schedule = rows.schedule()
    Schedule.objects.update(expression="0 25 * * *", timezone="Europe/Nowhere")
    assert "0 25 * * *" in rows.text(operator.get(URL))
    page = rows.text(operator.get(f"{URL}{schedule.pk}/change/"))
    assert "hours are 0 to 23" in page


def test_pause_and_resume_keep_reason_author_and_end(operator: Client) -> None:
    schedule = rows.schedule()
    said = step(operator, schedule, "pause", reason="holiday", resume_at="2036-01-01T09:00")
    assert said == ["1 paused."]
    schedule.refresh_from_db()
    assert (schedule.pause_reason, schedule.paused_by) == ("holiday", "operator")
    assert schedule.resume_at == datetime(2036, 1, 1, 8, tzinfo=UTC), "by the clocks of Berlin"
    page = rows.text(operator.get(f"{URL}{schedule.pk}/change/"))
    assert "holiday (operator)" in page
    assert "Paused" in rows.text(operator.get(URL))
    assert f"{URL}{schedule.pk}/resume/" in page
    assert step(operator, schedule, "resume") == ["1 resumed."]
    schedule.refresh_from_db()
    assert schedule.paused_at is None


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"reason": ""}, "This field is required"),
        ({"reason": "x", "resume_at": "2016-01-01T09:00"}, "It must lie in the future"),
        ({"reason": "x", "resume_at": "soon"}, "write it like 2026-07-01T09:00"),
    ],
)
def test_a_pause_that_cannot_be_is_explained(
    operator: Client, answers: dict[str, str], complaint: str
) -> None:
    schedule = rows.schedule()
    page = rows.text(operator.post(f"{URL}{schedule.pk}/pause/", answers))
    assert complaint in page
    assert Schedule.objects.get().paused_at is None


def test_many_are_paused_at_once_and_those_that_refuse_are_named(operator: Client) -> None:
    keys = [rows.schedule(f"s-{number}").pk for number in range(3)]
    tasks_core.pause_schedule("s-1", reason="earlier")
    (said,) = rows.bulk(operator, "tasks_core/schedule", "pause", keys, reason="storm")
    assert said.startswith("2 paused, 1 stayed as it was. schedule 's-1' is paused since")
    assert Schedule.objects.filter(pause_reason="storm").count() == 2


def test_trigger_makes_a_task_and_links_to_it(operator: Client) -> None:
    schedule = rows.schedule()
    (said,) = step(operator, schedule, "trigger")
    task = Task.objects.get(schedule_id=schedule.pk)
    assert said.startswith("1 triggered.")
    assert f"/admin/tasks_core/task/{task.pk}/change/" in said
    page = rows.text(operator.get(f"/admin/tasks_core/task/{task.pk}/change/"))
    assert f"{URL}{schedule.pk}/change/" in page
    assert "Intended for" in page


def test_disabling_takes_back_the_ticks_to_come_and_enabling_makes_new_ones(
    operator: Client,
) -> None:
    schedule = rows.schedule()
    assert step(operator, schedule, "disable") == ["1 disabled."]
    assert not Occurrence.objects.upcoming().exists()
    assert "Disabled" in rows.text(operator.get(URL))
    assert step(operator, schedule, "enable") == ["1 enabled."]
    assert Occurrence.objects.upcoming().count() >= 100


def test_a_deleted_schedule_leaves_the_list_and_can_still_be_read(operator: Client) -> None:
    schedule = rows.schedule()
    assert step(operator, schedule, "delete-schedule") == ["1 deleted."]
    assert listed(operator) == []
    page = rows.text(operator.get(f"{URL}{schedule.pk}/change/"))
    assert "Deleted" in page
    assert 'name="_save"' not in page
    assert f"{URL}{schedule.pk}/trigger/" not in page


def test_a_step_for_a_deleted_schedule_does_not_hit_the_one_that_has_its_name_now(
    operator: Client,
) -> None:
    old = rows.schedule()
    tasks_core.delete_schedule("nightly")
    new = rows.schedule()
    for name in ("trigger", "pause", "disable", "delete-schedule"):
        assert step(operator, old, name, reason="x")[-1] == "1 had been deleted."
    new.refresh_from_db()
    assert (new.is_enabled, new.paused_at, new.deleted_at) == (True, None, None)
    assert not Task.objects.exists()


def test_a_schedule_that_mirrors_another_row_is_edited_there(operator: Client) -> None:
    schedule = rows.schedule()
    Schedule.objects.update(source="periodic-task-7")
    url = f"{URL}{schedule.pk}/change/"
    page = rows.text(operator.get(url))
    assert "/admin/django_celery_beat/periodictask/7/change/" in page
    assert 'name="_save"' not in page
    assert operator.post(url, {"name": "mine"}).status_code == 403
    (said,) = step(operator, schedule, "disable")
    assert "1 stayed as it was. schedule 'nightly' mirrors periodic task 7" in said
    assert Schedule.objects.get().is_enabled


def test_deleting_wants_the_permission_to_delete(db: None) -> None:
    user = User.objects.create(username="editor", password="!", is_staff=True)
    codes = ("view_schedule", "change_schedule")
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    editor = Client()
    editor.force_login(user)
    schedule = rows.schedule()
    page = rows.text(editor.get(f"{URL}{schedule.pk}/change/"))
    assert f"{URL}{schedule.pk}/pause/" in page
    assert f"{URL}{schedule.pk}/delete-schedule/" not in page
    for way in (editor.get, editor.post):
        assert way(f"{URL}{schedule.pk}/delete-schedule/").status_code == 403
    bulk = {"action": "delete-schedule", "_selected_action": [schedule.pk], "index": "0"}
    editor.post(URL, bulk)
    assert editor.post(f"{URL}delete-schedule/", {"ids": str(schedule.pk)}).status_code == 403
    assert Schedule.objects.existing().exists()


def test_every_post_wants_the_token_of_a_page(operator: Client) -> None:
    schedule = rows.schedule()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    for path in ("add/", "preview/", f"{schedule.pk}/change/", f"{schedule.pk}/trigger/", "pause/"):
        assert strict.post(URL + path, {"reason": "x"}).status_code == 403
    assert not Task.objects.exists()


RANGE = {"start": "2026-03-27T01:00", "end": "2026-03-27T04:00"}
HOW = {"order": "newest", "reprocess": "none", "concurrency": "3"}


def test_a_backfill_is_shown_before_it_is_started(operator: Client) -> None:
    schedule = rows.schedule(cron="0 * * * *")
    url = f"{URL}{schedule.pk}/backfill/"
    first = operator.get(url)
    assert "Start (Europe/Berlin)" in rows.text(first)

    shown = operator.post(url, {**RANGE, **HOW, "seen": ""})
    page = rows.text(shown)
    assert "Dry run: 4 ticks" in page
    assert page.index("Fri 2026-03-27 04:00:00") < page.index("Fri 2026-03-27 01:00:00")
    assert "Run 4 ticks" in page
    assert not Backfill.objects.exists()

    seen = shown.context["form"]["seen"].value()
    changed = operator.post(url, {**RANGE, **HOW, "end": "2026-03-27T05:00", "seen": seen})
    assert "Dry run: 5 ticks" in rows.text(changed)
    assert not Backfill.objects.exists()

    (said,) = step(operator, schedule, "backfill", **RANGE, **HOW, seen=seen)
    plan = Backfill.objects.get()
    assert said.startswith("1 backfill started.")
    assert f"/admin/tasks_core/backfill/{plan.pk}/change/" in said
    assert plan.start == datetime(2026, 3, 27, 0, tzinfo=UTC)
    assert (plan.order, plan.concurrency, plan.created_by) == ("newest", 3, "operator")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"end": "2026-03-26T00:00"}, "must not lie after end"),
        ({"end": "2096-03-26T00:00"}, "nor end after now"),
        ({"start": ""}, "This field is required"),
        ({"concurrency": "0"}, "greater than or equal to 1"),
        ({"order": "random"}, "Select a valid choice"),
        ({"end": "2026-03-27T01:10", "start": "2026-03-27T01:05"}, "Dry run: 0 ticks"),
    ],
)
def test_a_backfill_that_cannot_be_is_explained(
    operator: Client, change: dict[str, str], complaint: str
) -> None:
    schedule = rows.schedule(cron="0 * * * *")
    answers = {**RANGE, **HOW, "seen": "", **change}
    page = rows.text(operator.post(f"{URL}{schedule.pk}/backfill/", answers))
    assert complaint in page
    assert not Backfill.objects.exists()


def test_a_dry_run_on_the_page_looks_at_no_more_than_it_can(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_core.admin.schedules.backfill_form.MOST", 30)
    schedule = rows.schedule(cron="* * * * *")
    answers = {**RANGE, **HOW, "seen": ""}
    page = rows.text(operator.post(f"{URL}{schedule.pk}/backfill/", answers))
    assert "Dry run: at least 30 ticks" in page
    assert "and 10 more" in page
    assert "only its oldest ones were looked at" in page


def test_the_first_page_says_who_leads_and_what_is_late(viewer: Client) -> None:
    page = rows.text(viewer.get("/admin/"))
    assert "nobody fires schedules" in page
    with clock.frozen(MARCH):
        rows.schedule(cron="0 * * * *")
    Leadership.objects.create(
        name="schedules",
        holder="host-1:77:abcdef",
        fence=12,
        expires_at=datetime.now(UTC) + timedelta(minutes=1),
    )
    page = rows.text(viewer.get("/admin/"))
    assert "host-1:77" in page
    assert "no. 12" in page
    assert "late: does a beat run?" in page


def test_steps_ask_by_the_clocks_of_the_schedule(operator: Client) -> None:
    berlin, tokyo = rows.schedule(), rows.schedule("other", timezone="Asia/Tokyo")
    for name in ("pause", "backfill"):
        assert "(Europe/Berlin)" in rows.text(operator.get(f"{URL}{berlin.pk}/{name}/"))
    chosen = {"action": "pause", "_selected_action": [berlin.pk, tokyo.pk]}
    assert "Goes on at (UTC)" in rows.text(operator.post(URL, chosen))
    Schedule.objects.filter(pk=tokyo.pk).update(timezone="Europe/Nowhere")
    for name in ("pause", "backfill"):
        assert "(UTC)" in rows.text(operator.get(f"{URL}{tokyo.pk}/{name}/"))


def test_no_type_is_chosen_for_a_new_schedule(operator: Client) -> None:
    page = operator.get(f"{URL}add/")
    field = page.context["adminform"].form["task_type"]
    assert (field.value(), field.field.choices[0]) == (None, ("", "Choose one…"))
    url = f"{URL}add/"
    refused = operator.post(url, {**rows.form_of(operator, url), "name": "nightly"})
    assert "task_type" in refused.context["adminform"].form.errors


def test_the_history_has_the_reason_of_a_step(operator: Client) -> None:
    schedule = rows.schedule()
    step(operator, schedule, "pause", reason="holiday", resume_at="2036-01-01T09:00")
    page = rows.text(operator.get(f"{URL}{schedule.pk}/history/"))
    assert "Pause. Reason: holiday; Resume at: 2036-01-01 08:00:00.000 UTC" in page


def test_the_next_times_of_a_schedule_in_utc_are_shown_once(operator: Client) -> None:
    schedule = rows.schedule(timezone="UTC")
    page = rows.text(operator.get(f"{URL}{schedule.pk}/change/"))
    assert page.count('<th scope="col">UTC</th>') == 1
