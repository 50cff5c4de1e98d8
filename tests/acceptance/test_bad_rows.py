"""One bad row of each kind in the tables that beats and workers read, and ten good ones beside them."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection, transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

import tasks_core
import tests.project.task_types  # noqa: F401  (registers them here too)
from notifications import triggers
from notifications.api import (
    Message,
    create_broadcast,
    notify_many,
    publish_template,
    register_destination,
    register_endpoint,
    save_recipient,
)
from notifications.api import Receiver as Person
from notifications.models import Broadcast, Notification, TriggerEvent
from tasks_core.broker.redis_client import key
from tasks_core.models import Occurrence, Task
from tests.acceptance.processes import Processes
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

GOOD = 10
QUEUE = "of-another-program"
RAN = ("fired", "caught_up")
IN_TIME = 60
"""Seconds for three ticks of each, on a machine that does other work too."""

BAD = {
    "tasks_core_schedule": [
        "timezone = 'Mars/Olympus'",
        "kind = 'lunar'",
        "overlap_policy = 'unknown'",
        "next_fire_at = 'infinity'",
        "exclusions = '[7]'",
    ],
    "django_celery_beat_periodictask": [
        "start_time = 'infinity'",
        """kwargs = '{"price": {"__type__": "decimal", "__value__": "12,50"}}'""",
        "kwargs = '{'",
        "expires = '-infinity'",
    ],
    "notifications_crontrigger": [
        "timezone = 'Mars/Olympus'",
        "schedule = '61 * * * *'",
        "webhook = 'http://[::1'",
        """headers = '[{"name": "X", "sealed": "nonsense"}]'""",
        "retry_conf = '7'",
    ],
    "tasks_core_task": [
        "payload = '7'",
        "payload = ('{\"n\": ' || repeat('9', 5000) || '}')::jsonb",
        """payload = '{"$sealed": "nonsense"}'""",
        "retry = '7'",
        "checkpoint = (repeat('[', 3000) || repeat(']', 3000))::jsonb",
        "task_type = 'project.nothing'",
        "traceparent = 'nonsense'",
    ],
    "notifications_broadcast": [
        "template = 'nothing'",
        "channel = 'fax'",
        "locale = '!!'",
        "rate = 'NaN'",
        "rate = -1",
        "category = 'nothing'",
        "next_chunk_at = 'infinity'",
    ],
    "notifications_destination": ["sealed = ''", "sealed = 'gAAAAABnonsense'", "channel = 'fax'"],
    "notifications_recipient": ["timezone = 'Mars/Olympus'", "quiet_hours = 'at night'"],
    "notifications_endpoint": ["secrets = '[]'", "url = 'http://[::1'", "secrets = '7'"],
}


def names(table: str) -> list[str]:
    """Name a row for each thing that is wrong, and the good ones."""
    return [f"bad {n}" for n in range(len(BAD[table]))] + [f"good {n}" for n in range(GOOD)]


def tasks() -> list[int]:
    """Enqueue them, and spoil some before anybody has seen one."""
    with transaction.atomic():
        found = {
            name: tasks_core.enqueue("project.work", {}, correlation_id=name).pk
            for name in names("tasks_core_task")
        }
        spoil("tasks_core_task", "correlation_id")
    return [pk for name, pk in found.items() if name.startswith("good")]


def broadcasts() -> None:
    for name in names("notifications_broadcast"):
        people = [Person(to=f"b{n}@example.com") for n in range(3)]
        with transaction.atomic():
            create_broadcast(name, "note", people)
            spoil_one("notifications_broadcast", name)


def spoil(table: str, column: str = "name") -> None:
    with connection.cursor() as cursor:
        for n, change in enumerate(BAD[table]):
            cursor.execute(f"UPDATE {table} SET {change} WHERE {column} = %s", [f"bad {n}"])
            assert cursor.rowcount == 1


def spoil_one(table: str, name: str) -> None:
    kind, number = name[:3], name[4:]
    if kind == "bad":
        with connection.cursor() as cursor:
            change = BAD[table][int(number)]
            cursor.execute(f"UPDATE {table} SET {change} WHERE name = %s", [name])


def schedules() -> None:
    for name in names("tasks_core_schedule"):
        every = timedelta(seconds=1)
        tasks_core.schedule_recurring("project.work", {}, name=name, every=every)
    spoil("tasks_core_schedule")


def periodic_tasks() -> None:
    every = IntervalSchedule.objects.create(every=1, period="seconds")
    nowhere = CrontabSchedule.objects.create(minute="*")
    CrontabSchedule.objects.filter(pk=nowhere.pk).update(timezone="UTC")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_celery_beat_crontabschedule SET timezone = 'Mars/Olympus'")
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=name, task=name, interval=every, queue=QUEUE)
        for name in names("django_celery_beat_periodictask")
    )
    PeriodicTask.objects.create(name="nowhere", task="nowhere", crontab=nowhere, queue=QUEUE)
    spoil("django_celery_beat_periodictask")


def cron_triggers(url: str) -> None:
    for name in names("notifications_crontrigger"):
        triggers.create_cron_trigger(name, webhook=url, schedule="* * * * * *")
    spoil("notifications_crontrigger")


def messages(url: str) -> list[int]:
    """Send to recipients and endpoints, and give those of the good ones."""
    publish_template("note", subject="Note", text="hello")
    publish_template("note", channel="webhook", text="{}")
    keys, hooks = names("notifications_recipient"), names("notifications_endpoint")
    for n, name in enumerate(keys):
        save_recipient(name, email=f"r{n}@example.com", quiet_hours="03:00-03:01")
    endpoints = {name: register_endpoint(name, url) for name in hooks}
    spoil("notifications_recipient", "key")
    spoil("notifications_endpoint")
    mails: Any = notify_many("note", [Message(to=name) for name in keys], channel="email")
    webhooks: Any = notify_many("note", [Message(to=endpoints[name]) for name in hooks])
    pairs = [*zip(keys, mails, strict=True), *zip(hooks, webhooks, strict=True)]
    return [one.pk for name, one in pairs if name.startswith("good")] + rooms(url)


def rooms(url: str) -> list[int]:
    """Send to destinations, and give the messages to the good ones."""
    publish_template("note", channel="teams", text="hello")
    found = names("notifications_destination")
    called = [name.replace(" ", "-") for name in found]
    for name in called:
        register_destination(name, channel="teams", url=f"{url}/0123456789")
    asked: Any = notify_many("note", [Message(to=name) for name in called], channel="teams")
    for name in called:
        spoil_one("notifications_destination", name)
    pairs = zip(found, asked, strict=True)
    return [one.pk for name, one in pairs if name.startswith("good")]


def test_ten_good_rows_of_each_table_are_served_in_time(
    mailing: Processes, broker: "redis.Redis", receiver: Receiver
) -> None:
    mailing.start_worker()
    mailing.start_beat()
    schedules()
    periodic_tasks()
    cron_triggers(receiver.url)
    sent = messages(receiver.url)
    broadcasts()
    worked = tasks()

    def ticked() -> bool:
        own = Occurrence.objects.filter(schedule__task_type="project.work")
        ran = own.filter(outcome__in=RAN, schedule__name__startswith="good")
        found = Counter(ran.values_list("schedule__name", flat=True))
        return len(found) == GOOD and min(found.values()) >= 3

    def told() -> bool:
        raw = broker.lrange(key(QUEUE), 0, -1)
        found = Counter(json.loads(one)["headers"]["task"] for one in raw)
        return sum(found[f"good {n}"] >= 3 for n in range(GOOD)) == GOOD

    def called() -> bool:
        delivered = TriggerEvent.objects.filter(
            status="delivered", trigger__name__startswith="good"
        )
        found = Counter(delivered.values_list("trigger__name", flat=True))
        return len(found) == GOOD and min(found.values()) >= 3

    def delivered() -> bool:
        return not Notification.objects.filter(pk__in=sent).exclude(state="sent").exists()

    def broadcast() -> bool:
        good = Broadcast.objects.filter(name__startswith="good", state="finished")
        return good.count() == GOOD

    def ran() -> bool:
        return not Task.objects.filter(pk__in=worked).exclude(state="SUCCEEDED").exists()

    for served in (ran, ticked, told, called, delivered, broadcast):
        wait_until(served, seconds=IN_TIME, what=f"{served.__name__}: the good rows are served")
