"""What the page of a schedule says."""

from datetime import UTC, datetime

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tasks_core.admin.schedules.tick_table import tick_table
from tasks_core.admin.toolkit.badges import badge, outcome_badge
from tasks_core.admin.toolkit.blocks import json_block, link, table
from tasks_core.admin.toolkit.form_fields.span import span_text
from tasks_core.admin.toolkit.moments import moment, moment_in_full
from tasks_core.admin.toolkit.places import list_url, retry_policy_link, task_link
from tasks_core.admin.toolkit.record import Fact, Panel
from tasks_core.engine.schedule import zone_named
from tasks_core.lanes import lane_name
from tasks_core.models import Occurrence, Schedule
from tasks_core.payloads import masked
from tasks_core.schedules.periodic_tasks.source import PREFIX, is_mirror
from tasks_core.schedules.standing import Standing, standing_of
from tasks_core.schedules.wording import when_in_words

LATEST = 10
TONES = {Standing.ENABLED: "good", Standing.PAUSED: "warning"}


def standing_badge(schedule: Schedule, now: datetime) -> SafeString:
    """Return its state in a word."""
    if schedule.deleted_at is not None:
        return badge("Deleted")
    standing = standing_of(schedule, now)
    return badge(standing.capitalize(), TONES.get(standing, "muted"))


def in_its_zone(schedule: Schedule, at: datetime) -> str:
    """Return an instant as clocks of the schedule's zone show it."""
    try:
        return f"{at.astimezone(zone_named(schedule.timezone)):%a %Y-%m-%d %H:%M:%S}"
    except ValueError:  # a zone that is known no longer
        return f"{at.astimezone(UTC):%a %Y-%m-%d %H:%M:%S} UTC"


def facts(schedule: Schedule, now: datetime) -> list[Fact]:
    """Return how it stands, and where its traces are."""
    return [
        Fact("State", standing_badge(schedule, now)),
        *_pause(schedule, now),
        Fact(
            "Type", link(list_url("tasks_core_task", type=schedule.task_type), schedule.task_type)
        ),
        Fact("Due", when_in_words(schedule)),
        Fact("Expression", schedule.expression),
        Fact("Next", _next(schedule, now)),
        Fact("Runs", _runs(schedule)),
        Fact("Missed ticks", _misfire(schedule)),
        Fact("Overlap", schedule.overlap_policy.replace("_", " ")),
        Fact("Lane", lane_name(schedule.queue_name, schedule.priority)),
        Fact("Retry policy", _policy(schedule)),
        Fact("Tags", format_html_join(" ", "{}", ((badge(tag),) for tag in schedule.tags))),
        Fact("Description", schedule.description),
        Fact("Ledger", link(list_url("tasks_core_occurrence", schedule=schedule.pk), "all ticks")),
        Fact("Backfills", link(list_url("tasks_core_backfill", schedule=schedule.pk), "backfills")),
        Fact("Mirrors", _mirrored(schedule)),
        Fact("Edited", moment_in_full(schedule.updated_at, now)),
    ]


def panels(schedule: Schedule, now: datetime) -> list[Panel]:
    """Return what is to come, what was, and the payload."""
    found = [] if schedule.deleted_at else [Panel("ticks", "Next times", tick_table(schedule))]
    return [
        *found,
        Panel("ledger", "Latest ticks", _ledger(schedule, now)),
        Panel("payload", "Payload", json_block(masked(schedule.payload))),
    ]


def _mirrored(schedule: Schedule) -> SafeString | str:
    """Return a link to the row that it follows, where that is to be edited."""
    if not is_mirror(schedule):
        return schedule.source
    number = schedule.source.removeprefix(PREFIX)
    try:
        url = reverse("admin:django_celery_beat_periodictask_change", args=[number])
    except NoReverseMatch:  # a project may leave that admin out
        return f"periodic task #{number}"
    return link(url, f"periodic task #{number}")


def _pause(schedule: Schedule, now: datetime) -> list[Fact]:
    if schedule.paused_at is None:
        return []
    by = f" ({schedule.paused_by})" if schedule.paused_by else ""
    return [
        Fact("Paused", moment_in_full(schedule.paused_at, now)),
        Fact("Because", f"{schedule.pause_reason}{by}"),
        Fact(
            "Goes on", moment_in_full(schedule.resume_at, now) if schedule.resume_at else "by hand"
        ),
    ]


def _next(schedule: Schedule, now: datetime) -> SafeString | str:
    at = schedule.next_fire_at
    if at is None:
        return ""
    return format_html("{}, {}", in_its_zone(schedule, at), moment(at, now))


def _runs(schedule: Schedule) -> str:
    most = f" of {schedule.max_runs:,}" if schedule.max_runs else ""
    return f"{schedule.runs:,}{most}"


def _misfire(schedule: Schedule) -> str:
    words = f"{schedule.misfire_policy.replace('_', ' ')}, late after "
    words += span_text(schedule.misfire_grace)
    if schedule.misfire_max_age is not None:
        words += f", skipped after {span_text(schedule.misfire_max_age)}"
    if schedule.misfire_max_count is not None:
        words += f", the latest {schedule.misfire_max_count:,}"
    return words


def _policy(schedule: Schedule) -> object:
    if schedule.retry:
        return f"its own: {schedule.retry.get('strategy', '')}"
    if schedule.retry_policy is not None:
        return retry_policy_link(schedule.retry_policy)
    return "that of its type"


def _ledger(schedule: Schedule, now: datetime) -> SafeString:
    rows = Occurrence.objects.filter(schedule=schedule, due__lte=now).order_by("-due")[:LATEST]
    return table(
        ("Due", "Outcome", "Task", "Reason"),
        (
            (
                in_its_zone(schedule, row.due),
                outcome_badge(row.outcome),
                task_link(row.task_id) if row.task_id else "",
                row.reason,
            )
            for row in rows
        ),
        empty="No tick has been due yet.",
    )
