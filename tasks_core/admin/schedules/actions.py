"""Pause, resume, trigger, backfill, switch on and off, delete."""

from collections.abc import Callable, Sequence

from tasks_core.admin.schedules.action_forms import PauseForm
from tasks_core.admin.schedules.backfill_form import BackfillForm
from tasks_core.admin.toolkit.actions.action import Action
from tasks_core.admin.toolkit.actions.each import Answers, Deed, Did, Refused, each
from tasks_core.admin.toolkit.actions.tally import Tally
from tasks_core.admin.toolkit.places import backfill_link, task_link
from tasks_core.exceptions import InvalidRequest, InvalidTransition, ScheduleNotFound
from tasks_core.models import Schedule
from tasks_core.schedules import backfilling, control, edit
from tasks_core.schedules.definition import is_steerable

REFUSALS: dict[type[Exception], str] = dict.fromkeys(
    (InvalidRequest, InvalidTransition, ScheduleNotFound), "stayed as it was"
)


def _each(deed: Deed[Schedule]) -> Callable[[Sequence[Schedule], Answers, str], Tally]:
    """Return what does ``deed`` to each schedule that has not been deleted."""

    def unless_deleted(schedule: Schedule, answers: Answers, actor: str) -> Did:
        if schedule.deleted_at is not None:  # another one may have its name by now
            raise Refused("had been deleted")
        return deed(schedule, answers, actor)

    return each(unless_deleted, refusals=REFUSALS)


def _pause(schedule: Schedule, answers: Answers, actor: str) -> Did:
    reason, resume_at = answers["reason"], answers["resume_at"]
    control.pause_schedule(schedule.name, reason=reason, author=actor, resume_at=resume_at)
    return Did("paused")


def _resume(schedule: Schedule, answers: Answers, actor: str) -> Did:
    control.resume_schedule(schedule.name)
    return Did("resumed")


def _trigger(schedule: Schedule, answers: Answers, actor: str) -> Did:
    return Did("triggered", task_link(control.trigger_now(schedule.name).pk))


def _enable(schedule: Schedule, answers: Answers, actor: str) -> Did:
    edit.update_schedule(schedule.name, is_enabled=True)
    return Did("enabled")


def _disable(schedule: Schedule, answers: Answers, actor: str) -> Did:
    edit.update_schedule(schedule.name, is_enabled=False)
    return Did("disabled")


def _delete(schedule: Schedule, answers: Answers, actor: str) -> Did:
    edit.delete_schedule(schedule.name)
    return Did("deleted")


def _backfill(schedule: Schedule, answers: Answers, actor: str) -> Did:
    plan = backfilling.backfill(
        schedule.name,
        answers["start"],
        answers["end"],
        order=answers["order"],
        reprocess=answers["reprocess"],
        concurrency=answers["concurrency"],
        author=actor,
    )
    return Did("backfill started", backfill_link(plan.pk))


def _is_there(schedule: Schedule) -> bool:
    return schedule.deleted_at is None


def _is_own(schedule: Schedule) -> bool:
    return _is_there(schedule) and not schedule.source


def _is_own_of_people(schedule: Schedule) -> bool:
    return _is_own(schedule) and is_steerable(schedule)


def _is_run_by_people(schedule: Schedule) -> bool:
    return _is_there(schedule) and is_steerable(schedule)


PAUSE: Action[Schedule] = Action(
    name="pause",
    label="Pause…",
    button="Pause now",
    icon="pause",
    explanation=(
        "Its ticks pass without running, and the ledger has them as paused. "
        "Tasks that exist run on. A backfill runs the paused ticks after all."
    ),
    form=PauseForm,
    perform=_each(_pause),
    applies=lambda schedule: _is_run_by_people(schedule) and schedule.paused_at is None,
)

RESUME: Action[Schedule] = Action(
    name="resume",
    label="Resume…",
    button="Resume now",
    icon="resume",
    explanation="Its ticks run again from now on. Those that fell into the pause stay paused.",
    perform=_each(_resume),
    applies=lambda schedule: _is_there(schedule) and schedule.paused_at is not None,
)

TRIGGER: Action[Schedule] = Action(
    name="trigger",
    label="Trigger…",
    button="Run once now",
    icon="bolt",
    explanation=(
        "One more task is made at once, whatever its times, its pause and its overlap policy say. "
        "The ledger has it as made by hand."
    ),
    perform=_each(_trigger),
    applies=_is_run_by_people,
)

BACKFILL: Action[Schedule] = Action(
    name="backfill",
    label="Backfill…",
    button="Look what would run",
    icon="history",
    explanation=(
        "Ticks of a past range that were missed, skipped, paused or cancelled are run after all, a few "
        "at a time. What exclusions and changes of clocks leave out stays out. First comes a dry run."
    ),
    form=BackfillForm,
    perform=_each(_backfill),
    applies=_is_run_by_people,
    in_bulk=False,
    template="admin/tasks_core/schedule/backfill.html",
)

DISABLE: Action[Schedule] = Action(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="toggle_off",
    explanation=(
        "It has no ticks any more, and leaves none in the ledger, until it is enabled again. Ticks that "
        "wait for another's end, and its backfills, are cancelled. To keep account of what did not run, "
        "pause it instead."
    ),
    perform=_each(_disable),
    applies=lambda schedule: _is_own_of_people(schedule) and schedule.is_enabled,
)

ENABLE: Action[Schedule] = Action(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="toggle_on",
    explanation="It has ticks again from now on; nothing is made up for.",
    perform=_each(_enable),
    applies=lambda schedule: _is_own_of_people(schedule) and not schedule.is_enabled,
)

DELETE: Action[Schedule] = Action(
    name="delete-schedule",
    label="Delete…",
    button="Delete now",
    icon="delete",
    explanation=(
        "Its ticks to come are gone, and its backfills are cancelled. Its ledger stays until it is old, "
        "and its tasks run on. This cannot be taken back."
    ),
    perform=_each(_delete),
    applies=_is_own_of_people,
    danger=True,
    permission="delete",
)
