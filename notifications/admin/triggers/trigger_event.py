"""Events of scheduled triggers, and every call that was made for them."""

from contextlib import suppress
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.exchange import status_badge
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.admin.triggers.invocation_exchange import last_call_panel, planned_call_panel
from notifications.admin.triggers.trigger_event_actions import CANCEL, REDELIVER
from notifications.models import TriggerEvent, TriggerInvocation
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    Panel,
    RecordActionsAdmin,
    link,
    moment,
    moment_in_full,
    shows_list,
    span,
    table,
    task_link,
    two_lines,
)
from tasks_core.engine.bigint import bigint

SHOWN_INVOCATIONS = 50


class KindFilter(admin.SimpleListFilter):
    """One-off events, or those of cron triggers."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the two types."""
        return [("one_off", "One-off"), ("cron", "Cron")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TriggerEvent]
    ) -> QuerySet[TriggerEvent]:
        """Filter by whether there is a trigger."""
        if self.value() in ("one_off", "cron"):
            return queryset.filter(trigger__isnull=self.value() == "one_off")
        return queryset


@admin.register(TriggerEvent)
class TriggerEventAdmin(ViewLogged[TriggerEvent], RecordActionsAdmin[TriggerEvent]):
    """Read-only; cancel and redeliver are actions."""

    explanation = "Calls of webhooks that are due at a certain time: one-off, or of a cron trigger."
    row_actions = (CANCEL, REDELIVER)
    list_display = ("what", "status_word", "scheduled", "tries", "problem", "ended")
    list_display_links = ("what",)
    list_filter = ("status", KindFilter, "trigger")
    search_fields = ("id",)
    search_help_text = "Id, event id, or name of a cron trigger"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriggerEvent]:
        """Leave what is called out of lists."""
        rows = super().get_queryset(request).select_related("trigger")
        if shows_list(request):
            return rows.defer("payload", "headers", "request_transform", "response_transform")
        return rows.select_related("redelivery_of")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TriggerEvent], search_term: str
    ) -> tuple[QuerySet[TriggerEvent], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(trigger__name=term)
        if (pk := bigint(term)) is not None:
            found |= Q(pk=pk)
        with suppress(ValueError):
            found |= Q(event_id=UUID(term))
        return queryset.filter(found), False

    @admin.display(description="event")
    def what(self, row: TriggerEvent) -> SafeString:
        """Whose it is, and its key."""
        return two_lines(row.trigger or row.webhook, f"#{row.pk}")

    @admin.display(description="status")
    def status_word(self, row: TriggerEvent) -> SafeString:
        """How far it has come."""
        return word(row.status)

    @admin.display(description="scheduled")
    def scheduled(self, row: TriggerEvent) -> SafeString | str:
        """When it is or was to be delivered."""
        return moment(row.scheduled_time, clock.now())

    @admin.display(description="reason")
    def problem(self, row: TriggerEvent) -> str:
        """Why it ended or waits, shortened."""
        return row.reason if len(row.reason) <= 80 else f"{row.reason[:79]}…"

    @admin.display(description="ended")
    def ended(self, row: TriggerEvent) -> SafeString | str:
        """When it ended."""
        return moment(row.finished_at, clock.now())

    def facts(self, request: HttpRequest, row: TriggerEvent) -> list[Fact]:
        """Return whose it is and how far it is."""
        now = clock.now()
        retry, ended = row.next_retry_at, row.finished_at
        return [
            Fact("Status", word(row.status)),
            Fact("Reason", row.reason),
            Fact("Trigger", _link("crontrigger", row.trigger_id, row.trigger)),
            Fact("Webhook", row.webhook),
            Fact("Id for the webhook", row.event_id),
            Fact("Scheduled", moment_in_full(row.scheduled_time, now)),
            Fact("Tries", row.tries),
            Fact("Next try", moment_in_full(retry, now) if retry else ""),
            Fact("Asked to wait", f"{row.waits_asked} times" if row.waits_asked else ""),
            Fact("Workers lost", row.losses or ""),
            Fact("Task", task_link(row.task_id) if row.task_id else ""),
            Fact("Redelivery of", _link("triggerevent", row.redelivery_of_id, row.redelivery_of)),
            Fact("Made", moment_in_full(row.created_at, now)),
            Fact("Ended", moment_in_full(ended, now) if ended else ""),
            Fact("Comment", row.comment),
        ]

    def panels(self, request: HttpRequest, row: TriggerEvent) -> list[Panel]:
        """Return the calls, the redeliveries, and what a one-off event calls."""
        calls = list(row.invocations.order_by("-id")[:SHOWN_INVOCATIONS])
        found = [Panel("invocations", "Invocations", _invocations(calls), count=len(calls))]
        found += last_call_panel(calls, row.webhook)
        redeliveries = list(row.redeliveries.order_by("-id")[:SHOWN_INVOCATIONS])
        if redeliveries:
            found.append(Panel("redeliveries", "Redeliveries", _redeliveries(redeliveries)))
        if row.trigger_id is None:
            found.append(planned_call_panel(row))
        return found


def _link(model: str, key: int | None, text: object) -> SafeString | str:
    if key is None:
        return ""
    return link(reverse(f"admin:notifications_{model}_change", args=[key]), text)


def _invocations(calls: list[TriggerInvocation]) -> SafeString:
    now = clock.now()
    rows = [
        (
            status_badge(call.status),
            "" if call.duration is None else span(call.duration),
            call.response["data"].get("message", ""),
            moment(call.created_at, now),
        )
        for call in calls
    ]
    return table(("Status", "Took", "Problem", "At"), rows, empty="None yet.")


def _redeliveries(rows: list[TriggerEvent]) -> SafeString:
    now = clock.now()
    cells = [
        (
            _link("triggerevent", row.pk, f"#{row.pk}"),
            word(row.status),
            moment(row.created_at, now),
        )
        for row in rows
    ]
    return table(("Event", "Status", "Made"), cells, empty="None.")
