"""A queue, channel or template that is typed wrongly is an error, never an empty list."""

import pytest
from django.core.management.base import CommandError

import tasks_core
from notifications.api import publish_template
from notifications.models import Provider
from tasks_core import clock
from tasks_core.management.authorship import MOST, signed
from tasks_core.models import Task
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db

WITH_CHANNEL = (
    ("list_providers",),
    ("list_destinations",),
    ("list_suppressions", "--address", "ada@example.com"),
    ("suppress_address", "ada@example.com"),
    ("unsuppress_address", "ada@example.com"),
    ("import_suppressions", "-"),
)


def test_a_queue_that_nothing_uses_is_said_with_what_is_close(run: Run) -> None:
    with pytest.raises(CommandError, match="no queue 'defualt'; known: default"):
        run("list_tasks", "--queue", "defualt")


def test_one_right_queue_does_not_hide_a_wrong_one(run: Run) -> None:
    with pytest.raises(CommandError, match="no queue 'typo'"):
        run("list_tasks", "--queue", "default", "--queue", "typo")


def test_a_queue_that_is_empty_or_of_earlier_days_is_none(run: Run) -> None:
    run("list_tasks", "--queue", "default")
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    Task.objects.filter(pk=task.pk).update(queue_name="long-gone")
    assert str(task.pk) in run("list_tasks", "--queue", "long-gone").out


@pytest.mark.parametrize("words", WITH_CHANNEL, ids=lambda words: words[0])
def test_a_channel_that_there_is_not_is_said_with_what_is_close(
    run: Run, words: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError, match="no channel 'slak'; known: slack"):
        run(*words, "--channel", "slak")


def test_a_template_that_there_is_not_is_said_with_what_is_close(run: Run) -> None:
    publish_template("comments", subject="{{ count }}", text="{{ count }}")
    with pytest.raises(CommandError, match="no template 'coments'; known: comments"):
        run("list_digests", "--template", "coments")
    run("list_digests", "--template", "comments")


def test_a_provider_of_a_kind_that_nobody_knows_hides_no_other(run: Run) -> None:
    facts = {"channel": "sms", "credentials": "", "created_at": clock.now()}
    Provider.objects.create(name="old", kind="pigeon", **facts)
    out = run("list_providers", "--channel", "sms").out
    assert "pigeon" in out


def test_with_no_close_name_the_types_of_people_come_before_those_of_the_platform(run: Run) -> None:
    with pytest.raises(CommandError, match=r"invoice\.remind.* more, which list_task_types shows"):
        run("enqueue_task", "zzzz")


@pytest.mark.parametrize("words", [("show_digest",), ("resend_code",)])
def test_what_is_no_id_is_said_in_words(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="is not an id: a whole number from 1"):
        run(*words, "x")


def test_a_long_name_leaves_room_for_the_reason() -> None:
    said = signed("mended", {"author": "a" * 1_000})
    assert len(said) <= MOST
    assert said.startswith("mended (aaa")
