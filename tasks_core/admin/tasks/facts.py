"""What the page of a task says."""

from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from tasks_core.admin.tasks.history import history_panels
from tasks_core.admin.tasks.timeline import LIMIT, Entry, all_events_url, timeline
from tasks_core.admin.toolkit.badges import badge, state_badge
from tasks_core.admin.toolkit.blocks import json_block, link, text_block
from tasks_core.admin.toolkit.moments import exact_instant, moment_in_full, span
from tasks_core.admin.toolkit.places import (
    dead_letter_link,
    list_url,
    retry_policy_link,
    schedule_link,
    task_link,
)
from tasks_core.admin.toolkit.record import Fact, Panel
from tasks_core.admin.toolkit.related import related_facts
from tasks_core.lanes import lane_name
from tasks_core.models import DeadLetter, RetryPolicy, Schedule, Task
from tasks_core.payloads import masked
from tasks_core.registry import task_types
from tasks_core.retry_policies import rule_for
from tasks_core.tracing.traceparent_text import trace_id

MAX_COPIES = 10


def facts(task: Task, now: datetime) -> list[Fact]:
    """Return everything about a task that fits on a line."""
    return [
        Fact("State", state_badge(task.state)),
        Fact("Type", link(list_url("tasks_core_task", type=task.task_type), task.task_type)),
        Fact("Lane", lane_name(task.queue_name, task.priority)),
        Fact("Attempts", _attempts(task)),
        Fact("Retry policy", _policy(task)),
        *_tick(task),
        *_links(task),
        *related_facts(task),
        *_times(task, now),
        Fact("Worker", task.worker),
        Fact("Idempotency key", task.idempotency_key),
        Fact("Correlation id", _found_by(task.correlation_id)),
        Fact("Trace", trace_id(task.traceparent)),
        Fact("Tags", format_html_join(" ", "{}", ((badge(tag),) for tag in task.tags))),
    ]


def panels(task: Task, now: datetime) -> list[Panel]:
    """Return payload, result, error and the timeline."""
    story = timeline(task, now)
    found = [Panel("timeline", "Timeline", _story(task, story), count=len(story))]
    found += history_panels(task.pk, now)
    if task.error:
        found.append(Panel("error", "Last error", text_block(task.error)))
    found.append(Panel("payload", "Payload", json_block(masked(task.payload))))
    for name in ("progress", "checkpoint", "result"):
        value = getattr(task, name)
        if value is not None:
            found.append(Panel(name, name.capitalize(), json_block(masked(value))))
    return found


def _story(task: Task, story: list[Entry]) -> SafeString:
    context = {"entries": story, "is_cut": len(story) == LIMIT, "all_url": all_events_url(task)}
    return render_to_string("admin/tasks_core/timeline.html", context)


def _times(task: Task, now: datetime) -> list[Fact]:
    instants = (
        ("Due", task.run_after),
        ("Expires", task.expires_at),
        ("Enqueued", task.enqueued_at),
        ("Queued", task.queued_at),
        *_starts(task),
        ("Lease until", task.lease_until),
        ("Finished", task.finished_at),
    )
    found = [Fact(label, moment_in_full(at, now)) for label, at in instants if at]
    if task.finished_at and task.first_started_at:
        found.append(Fact("Took", _took(task, task.finished_at - task.first_started_at)))
    return found


def _starts(task: Task) -> tuple[tuple[str, datetime | None], ...]:
    if task.attempts <= 1:
        return (("Started", task.first_started_at),)
    return ("First started", task.first_started_at), ("Last started", task.last_attempted_at)


def _took(task: Task, length: timedelta) -> str:
    return span(length) if task.attempts <= 1 else f"{span(length)}, over {task.attempts} attempts"


def _attempts(task: Task) -> str:
    try:
        rule = rule_for(
            task_types().get(task.task_type),
            retry=task.retry,
            retry_policy_id=task.retry_policy_id,
        )
    except (RetryPolicy.DoesNotExist, ValueError):
        return f"{task.attempts_used} used"
    text = f"{task.attempts_used} of {rule.max_attempts} used"
    return text + (f", {task.attempts_returned} not counted" if task.attempts_returned else "")


def _policy(task: Task) -> object:
    if task.retry:
        return f"its own: {task.retry.get('strategy', '')}"
    if task.retry_policy is not None:
        return retry_policy_link(task.retry_policy)
    return "that of its type"


def _links(task: Task) -> list[Fact]:
    found = [Fact("Repeats", task_link(task.replay_of_id))] if task.replay_of_id else []
    copies = Task.objects.filter(replay_of=task.pk).values_list("pk", flat=True)
    repeats = [task_link(pk) for pk in copies.order_by("-pk")[:MAX_COPIES]]
    if repeats:
        found.append(Fact("Repeated as", format_html_join(", ", "{}", ((one,) for one in repeats))))
    letter = DeadLetter.objects.filter(task=task.pk).only("pk").first()
    if letter is not None:
        found.append(Fact("Dead letter", dead_letter_link(letter.pk)))
    return found


def _tick(task: Task) -> list[Fact]:
    """Return the schedule that made it, and the tick it was made for."""
    if task.schedule_id is None:
        return []
    schedule = Schedule.objects.filter(pk=task.schedule_id).first()
    if schedule is None:
        return [Fact("Schedule", f"#{task.schedule_id}, deleted")]
    found = [Fact("Schedule", schedule_link(schedule))]
    if task.scheduled_for is not None:
        found.append(Fact("Intended for", exact_instant(task.scheduled_for)))
    return found


def _found_by(correlation_id: str) -> object:
    return (
        link(list_url("tasks_core_task", q=correlation_id), correlation_id)
        if correlation_id
        else ""
    )
