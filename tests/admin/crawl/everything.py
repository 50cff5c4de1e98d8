"""At least one row of every model that the admin shows, in the states that have something to tell."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_celery_results.models import GroupResult, TaskResult

import tasks_core
from notifications.api import (
    add_to_digest,
    disable_endpoint,
    notify,
    publish_template,
    save_category,
)
from notifications.message_templates.compiled import compiled_version
from notifications.models import (
    CronTrigger,
    Endpoint,
    Provider,
    ProviderHealth,
    Template,
    TemplateDraft,
    TriggerEvent,
    TriggerInvocation,
)
from notifications.sending.providers.registration import enable_provider
from notifications.triggers import create_cron_trigger, create_scheduled_event
from tasks_core import clock
from tasks_core.events import cursor
from tasks_core.models import (
    EventSubscription,
    Lane,
    Occurrence,
    RetryPolicy,
    Task,
    TaskTypeStatistics,
    Worker,
)
from tests.admin import notification_rows, rows

MOST = 8
"""Rows of one model whose pages are opened."""


def make_everything() -> None:
    """Make the rows.

    Raises:
        AssertionError: a model has none; make one here.
    """
    compiled_version.cache_clear()
    _notifications()
    _tasks()
    _schedules()
    _processes()
    _of_celery()
    missing = [model.__name__ for model in admin.site._registry if not _rows(model).exists()]
    assert not missing, f"make a row of each: {missing}"


def rows_of(model: type[Model]) -> list[Model]:
    """Return the rows of a model whose pages are opened."""
    return list(_rows(model).order_by("pk")[:MOST])


def _rows(model: type[Model]) -> QuerySet[Model]:
    return model._default_manager.all()


def _tasks() -> None:
    rows.finished_order(1, tags=["vip"], correlation_id="c-1")
    rows.retrying_task()
    rows.dead_letter(2)
    discarded = rows.dead_letter(3)
    tasks_core.discard(discarded.pk, note="a test")
    rows.order(4)
    policy = RetryPolicy.objects.create(name="slowly")
    running = rows.order(5)
    Task.objects.filter(pk=running.pk).update(
        state="RUNNING",
        attempts=1,
        worker="celery@host",
        last_attempted_at=clock.now(),
        lease_until=clock.now(),
        progress={"done": 1, "total": 3, "note": "half"},
        retry_policy=policy,
    )
    queued = rows.order(6)
    Task.objects.filter(pk=queued.pk).update(state="QUEUED", queued_at=clock.now())
    of_no_type = rows.order(7)
    Task.objects.filter(pk=of_no_type.pk).update(task_type="gone.with.its.release")


def _schedules() -> None:
    now = clock.now()
    nightly = rows.schedule(description="Every night")
    rows.schedule("every", cron=None, every="90s", timezone="UTC")
    rows.schedule("paused")
    tasks_core.pause_schedule("paused", reason="a test", resume_at=now + timedelta(days=1))
    Occurrence.objects.create(
        schedule=nightly,
        due=now - timedelta(days=1),
        fire_at=now - timedelta(days=1),
        outcome="fired",
    )
    tasks_core.backfill("nightly", now - timedelta(days=2), now - timedelta(hours=1))


def _processes() -> None:
    now = clock.now()
    facts: dict[str, Any] = {"hostname": "host", "pid": 1, "started_at": now, "heartbeat_at": now}
    Worker.objects.create(name="celery@host", role="worker", queues=["orders.low"], **facts)
    Worker.objects.create(name="beat@host", role="beat", stopped_at=now, **facts)
    Lane.objects.create(queue_name="orders", priority=1, claimed_until=now)
    TaskTypeStatistics.objects.create(task_type="order.pay", mean_runtime=0.5, measured_at=now)
    for name in ("metrics", "gone"):
        if not EventSubscription.objects.filter(name=name).exists():
            cursor.create(name, from_beginning=False, now=now)
    EventSubscription.objects.filter(name="gone").update(state="parked", failures=10, error="x")


def _of_celery() -> None:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9")
    PeriodicTask.objects.create(name="nightly count", task="shop.count", crontab=crontab)
    IntervalSchedule.objects.create(every=5, period="minutes")
    ClockedSchedule.objects.create(clocked_time=clock.now())
    SolarSchedule.objects.create(event="sunrise", latitude=52, longitude=13)
    TaskResult.objects.create(task_id="r-1", status="SUCCESS", result="1")
    GroupResult.objects.create(group_id="g-1", result="[]")
    Group.objects.create(name="Support")
    User.objects.create_user("bea", password="x")


def _notifications() -> None:
    now = clock.now()
    save_category("news")
    notification_rows.one_of_each(1)
    off = Endpoint.objects.create(
        name="off", url="https://off.example.com/", secrets=[], created_at=now
    )
    disable_endpoint(off.pk, reason="gone")
    provider = Provider.objects.get()
    ProviderHealth.objects.create(
        provider=provider, breaker="open", failures=5, last_error="503", last_error_at=now
    )
    Provider.objects.create(
        name="of-no-kind", channel="sms", kind="pigeon", credentials="", created_at=now
    )
    enable_provider("of-no-kind", on=False)
    publish_template(
        "receipt", subject="{{ n }}", text="{{ n }}", html="<p>{{ n }}</p>", sample={"n": 7}
    )
    publish_template("receipt", subject="{{ n }}", text="Now {{ n }}", sample={"n": 7})
    draft = Template.objects.create(name="draft", channel="email", created_at=now)
    TemplateDraft.objects.create(template=draft, subject="{{", text="{% if", edited_at=now)
    notify("receipt", to="ada@example.com", context={"n": 1})
    publish_template("comments", subject="{{ count }}", text="{{ count }}")
    add_to_digest(
        "comments", to="ada@example.com", item={"who": "Bea"}, key="k", window=timedelta(minutes=10)
    )
    header = [{"name": "Authorization", "value": "Bearer t0ken-of-ours"}]
    create_cron_trigger(
        "sealed", webhook="https://hooks.example.com/in", schedule="0 9 * * *", headers=header
    )
    create_scheduled_event(
        webhook="https://hooks.example.com/in", schedule_at=now + timedelta(days=1), headers=header
    )
    failed = TriggerEvent.objects.create(
        webhook="https://hooks.example.com/in", scheduled_time=now, created_at=now, status="error",
        trigger=CronTrigger.objects.first(),
    )  # fmt: skip
    TriggerInvocation.objects.create(
        event=failed,
        status=1000,
        request={"payload": {"id": "x"}, "headers": [], "version": "1"},
        response={"type": "client_error", "data": {"message": "no connection"}, "version": "1"},
        created_at=now,
    )
