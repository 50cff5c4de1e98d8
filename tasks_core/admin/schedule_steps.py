"""Pause, resume, trigger, backfill, switch on and off, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString

from tasks_core.admin.backfill_form import BackfillForm
from tasks_core.admin.places import backfill_link, task_link
from tasks_core.admin.schedule_forms import PauseForm
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.exceptions import InvalidRequest, InvalidTransition, ScheduleNotFound
from tasks_core.models import Schedule
from tasks_core.schedules import api, backfilling

Answers = Mapping[str, Any]
Deed = Callable[[Schedule, Answers, str], SafeString | None]
"""Does something to one schedule, and returns a link to what came of it, if there is one."""


def _each(word: str, deed: Deed) -> Callable[[Sequence[Schedule], Answers, str], Tally]:
    """Return what applies ``deed`` to each schedule; one that refuses does not stop the others."""

    def perform(schedules: Sequence[Schedule], answers: Answers, actor: str) -> Tally:
        tally = Tally()
        for schedule in schedules:
            if schedule.deleted_at is not None:  # another one may have its name by now
                tally.refuse("had been deleted")
                continue
            try:
                tally.did(word, schedule.pk, link=deed(schedule, answers, actor))
            except (InvalidRequest, InvalidTransition, ScheduleNotFound) as error:
                tally.refuse("stayed as it was", detail=str(error))
        return tally

    return perform


def _pause(schedule: Schedule, answers: Answers, actor: str) -> None:
    reason, resume_at = answers["reason"], answers["resume_at"]
    api.pause_schedule(schedule.name, reason=reason, author=actor, resume_at=resume_at)


def _resume(schedule: Schedule, answers: Answers, actor: str) -> None:
    api.resume_schedule(schedule.name)


def _trigger(schedule: Schedule, answers: Answers, actor: str) -> SafeString:
    return task_link(api.trigger_now(schedule.name).pk)


def _enable(schedule: Schedule, answers: Answers, actor: str) -> None:
    api.update_schedule(schedule.name, is_enabled=True)


def _disable(schedule: Schedule, answers: Answers, actor: str) -> None:
    api.update_schedule(schedule.name, is_enabled=False)


def _delete(schedule: Schedule, answers: Answers, actor: str) -> None:
    api.delete_schedule(schedule.name)


def _backfill(schedule: Schedule, answers: Answers, actor: str) -> SafeString:
    plan = backfilling.backfill(
        schedule.name,
        answers["start"],
        answers["end"],
        order=answers["order"],
        reprocess=answers["reprocess"],
        concurrency=answers["concurrency"],
        author=actor,
    )
    return backfill_link(plan.pk)


def _is_there(schedule: Schedule) -> bool:
    return schedule.deleted_at is None


def _is_own(schedule: Schedule) -> bool:
    return _is_there(schedule) and not schedule.source


PAUSE: Step[Schedule] = Step(
    name="pause",
    label="Pause…",
    button="Pause now",
    icon="pause",
    explanation=(
        "Its ticks pass without running, and the ledger has them as paused. "
        "Tasks that exist run on. A backfill runs the paused ticks after all."
    ),
    form=PauseForm,
    perform=_each("paused", _pause),
    applies=lambda schedule: _is_there(schedule) and schedule.paused_at is None,
)

RESUME: Step[Schedule] = Step(
    name="resume",
    label="Resume…",
    button="Resume now",
    icon="resume",
    explanation="Its ticks run again from now on. Those that fell into the pause stay paused.",
    perform=_each("resumed", _resume),
    applies=lambda schedule: _is_there(schedule) and schedule.paused_at is not None,
)

TRIGGER: Step[Schedule] = Step(
    name="trigger",
    label="Trigger…",
    button="Run once now",
    icon="bolt",
    explanation=(
        "One more task is made at once, whatever its times, its pause and its overlap policy say. "
        "The ledger has it as made by hand."
    ),
    perform=_each("triggered", _trigger),
    applies=_is_there,
)

BACKFILL: Step[Schedule] = Step(
    name="backfill",
    label="Backfill…",
    button="Look what would run",
    icon="history",
    explanation=(
        "Ticks of a past range that were missed, skipped, paused or cancelled are run after all, a few "
        "at a time. What exclusions and changes of clocks leave out stays out. First comes a dry run."
    ),
    form=BackfillForm,
    perform=_each("backfill started", _backfill),
    applies=_is_there,
    in_bulk=False,
    template="admin/tasks_core/schedule/backfill.html",
)

DISABLE: Step[Schedule] = Step(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="toggle_off",
    explanation=(
        "It has no ticks any more, and leaves none in the ledger, until it is enabled again. Ticks that "
        "wait for another's end, and its backfills, are cancelled. To keep account of what did not run, "
        "pause it instead."
    ),
    perform=_each("disabled", _disable),
    applies=lambda schedule: _is_own(schedule) and schedule.is_enabled,
)

ENABLE: Step[Schedule] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="toggle_on",
    explanation="It has ticks again from now on; nothing is made up for.",
    perform=_each("enabled", _enable),
    applies=lambda schedule: _is_own(schedule) and not schedule.is_enabled,
)

DELETE: Step[Schedule] = Step(
    name="delete-schedule",
    label="Delete…",
    button="Delete now",
    icon="delete",
    explanation=(
        "Its ticks to come are gone, and its backfills are cancelled. Its ledger stays until it is old, "
        "and its tasks run on. This cannot be taken back."
    ),
    perform=_each("deleted", _delete),
    applies=_is_own,
    danger=True,
    permission="delete",
)
