"""Backfills: how far they have come."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.schedules.facts import in_its_zone
from tasks_core.admin.schedules.occurrence_filters import ScheduleFilter
from tasks_core.admin.toolkit.actions.action import Action
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.actions.each import Answers, Did, Refused, each
from tasks_core.admin.toolkit.badges import badge
from tasks_core.admin.toolkit.blocks import link, two_lines
from tasks_core.admin.toolkit.moments import moment, moment_in_full
from tasks_core.admin.toolkit.places import list_url, schedule_link
from tasks_core.admin.toolkit.record import Fact
from tasks_core.exceptions import InvalidTransition
from tasks_core.models import Backfill
from tasks_core.schedules.backfilling import cancel_backfill


def _cancel(plan: Backfill, answers: Answers, actor: str) -> Did:
    try:
        cancel_backfill(plan.pk)
    except InvalidTransition:
        raise Refused("had ended already") from None
    return Did("cancelled")


def _is_at_work(plan: Backfill) -> bool:
    return plan.finished_at is None and plan.cancelled_at is None


CANCEL: Action[Backfill] = Action(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation="No more of its ticks are enqueued. Tasks that exist go on.",
    perform=each(_cancel),
    applies=_is_at_work,
    danger=True,
)


def share_done(plan: Backfill) -> float:
    """Return how much of its range it has looked at, from 0 to 1."""
    if plan.finished_at is not None:
        return 1.0
    length = plan.end - plan.start
    if plan.position is None or not length:
        return 0.0
    done = (plan.position - plan.start) / length
    return 1 - done if plan.order == Backfill.Order.NEWEST else done


@admin.register(Backfill)
class BackfillAdmin(RecordActionsAdmin[Backfill]):
    """Read-only; started from a schedule's page, and cancelled here."""

    explanation = (
        "Orders to run a schedule again for times that have passed, with how far they are."
    )
    row_actions = (CANCEL,)
    list_display = ("what", "state_word", "progress", "how", "author", "created")
    list_display_links = ("what",)
    list_filter = ("order", "reprocess", ScheduleFilter)
    search_fields = ("schedule__name", "created_by")
    search_help_text = "Part of the schedule's name, or who asked for it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Backfill]:
        """Load each with its schedule, as its zone is wanted."""
        return super().get_queryset(request).select_related("schedule")

    @admin.display(description="backfill")
    def what(self, plan: Backfill) -> SafeString:
        """Schedule and range, by the clocks of its zone."""
        return two_lines(
            plan.schedule.name, f"{_local(plan, plan.start)} to {_local(plan, plan.end)}"
        )

    @admin.display(description="state")
    def state_word(self, plan: Backfill) -> SafeString:
        """At work or how it ended."""
        if plan.cancelled_at is not None:
            return badge("Cancelled")
        return badge("Finished", "good") if plan.finished_at else badge("At work", "active")

    @admin.display(description="progress")
    def progress(self, plan: Backfill) -> SafeString:
        """How much of the range it has gone through."""
        share = share_done(plan) * 100
        bar = format_html(
            '<progress class="br-progress" max="100" value="{}">{}</progress>',
            f"{share:.0f}",
            f"{share:.0f} %",
        )
        counts = f"{plan.enqueued:,} enqueued of {plan.looked_at:,} looked at"
        return two_lines(format_html("{} {}", bar, f"{share:.0f} %"), counts)

    @admin.display(description="how")
    def how(self, plan: Backfill) -> SafeString:
        """Order, and what is run again."""
        again = f"run again: {plan.get_reprocess_display().lower()}"
        return two_lines(plan.get_order_display(), f"{plan.concurrency:,} at a time, {again}")

    @admin.display(description="by")
    def author(self, plan: Backfill) -> str:
        """Who asked for it."""
        return plan.created_by

    @admin.display(description="started")
    def created(self, plan: Backfill) -> SafeString | str:
        """When it was asked for."""
        return moment(plan.created_at, clock.now())

    def facts(self, request: HttpRequest, row: Backfill) -> list[Fact]:
        """Return the same in full."""
        now = clock.now()
        ticks = list_url("tasks_core_occurrence", backfill=row.pk)
        return [
            Fact("State", self.state_word(row)),
            Fact("Progress", self.progress(row)),
            Fact("Schedule", schedule_link(row.schedule)),
            Fact("From", f"{_local(row, row.start)} {row.schedule.timezone}"),
            Fact("To", f"{_local(row, row.end)} {row.schedule.timezone}"),
            Fact("Looked at up to", _local(row, row.position) if row.position else ""),
            Fact("Order", row.get_order_display()),
            Fact("Run again", row.get_reprocess_display()),
            Fact("At a time", f"{row.concurrency:,}"),
            Fact("Asked for by", row.created_by),
            Fact("Started", moment_in_full(row.created_at, now)),
            Fact("Finished", moment_in_full(row.finished_at, now) if row.finished_at else ""),
            Fact("Cancelled", moment_in_full(row.cancelled_at, now) if row.cancelled_at else ""),
            Fact("Ticks", link(ticks, "in the ledger")),
        ]


def _local(plan: Backfill, at: datetime) -> str:
    return in_its_zone(plan.schedule, at)
