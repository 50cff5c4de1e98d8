"""Cron triggers: edited here, checked as by the API."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.exchange import header_table
from notifications.admin.triggers.cron_trigger_actions import DISABLE, ENABLE
from notifications.admin.triggers.cron_trigger_form import CronTriggerForm
from notifications.models import CronTrigger
from notifications.models.cron_trigger import SCHEDULE_PREFIX
from notifications.triggers import create_cron_trigger, delete_cron_trigger
from notifications.triggers.headers import shown_headers
from notifications.triggers.listing import upcoming_ticks
from tasks_core import clock
from tasks_core.admin.toolkit import (
    ActionsAdmin,
    badge,
    exact_instant,
    link,
    list_url,
    moment,
    moment_in_full,
    relative,
    table,
    zone_or_utc,
)
from tasks_core.models import Occurrence

SHOWN = 10
STATE = ("life", "off_since", "disabled_reason", "next_ticks", "last_events")


@admin.register(CronTrigger)
class CronTriggerAdmin(ActionsAdmin[CronTrigger]):
    """Its name is its identity and does not change; enable and disable are actions."""

    explanation = "Webhooks that are called at the times of a cron expression."
    form = CronTriggerForm
    row_actions = (DISABLE, ENABLE)
    list_display = ("name", "schedule", "timezone", "life", "next_tick", "webhook")
    list_filter = ("enabled",)
    search_fields = ("name", "webhook", "comment")
    sortable_by = ()

    @admin.display(description="state")
    def life(self, row: CronTrigger) -> SafeString:
        """On or off."""
        return badge("Enabled", "good") if row.enabled else badge("Disabled", "bad")

    @admin.display(description="disabled")
    def off_since(self, row: CronTrigger) -> SafeString | str:
        """Since when."""
        return moment_in_full(row.disabled_at, clock.now())

    @admin.display(description="next")
    def next_tick(self, row: CronTrigger) -> SafeString | str:
        """When it is due next."""
        return moment(row.next_due, clock.now())  # type: ignore[attr-defined] # annotated

    @admin.display(description="next times")
    def next_ticks(self, row: CronTrigger) -> SafeString:
        """The next ten, in the trigger's zone and in UTC."""
        now = clock.now()
        dues = upcoming_ticks(row).order_by("due").values_list("due", flat=True)[:SHOWN]
        zone = zone_or_utc(row.timezone)
        rows = [
            (
                f"{due.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}",
                exact_instant(due),
                relative(due, now),
            )
            for due in dues
        ]
        return table((str(zone), "UTC", ""), rows, empty="None: it is disabled or never due again.")

    @admin.display(description="headers", empty_value="-")
    def masked_headers(self, row: CronTrigger) -> SafeString | str:
        """Name and value, or where it comes from; what is sealed is masked."""
        return header_table(shown_headers(row.headers))

    @admin.display(description="last events")
    def last_events(self, row: CronTrigger) -> SafeString:
        """The last ten, with a link to all."""
        now = clock.now()
        events = row.events.order_by("-id")[:SHOWN]
        everything = list_url("notifications_triggerevent", trigger__id__exact=row.pk)
        rows = [
            (word(event.status), moment(event.scheduled_time, now), event.tries, event.reason)
            for event in events
        ]
        return table(
            ("Status", link(everything, "Scheduled"), "Tries", "Reason"), rows, empty="None yet."
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CronTrigger]:
        """Read the next time of each trigger along with it."""
        ticks = Occurrence.objects.upcoming().filter(
            schedule__name=Concat(Value(SCHEDULE_PREFIX), OuterRef("name")),
            schedule__deleted_at=None,
        )
        next_due = Subquery(ticks.order_by("due").values("due")[:1])
        return super().get_queryset(request).annotate(next_due=next_due)

    def get_fieldsets(self, request: HttpRequest, obj: CronTrigger | None = None) -> Any:
        """Show the state of a trigger that exists.

        The form masks headers; who may only look gets no form, but each field as it is stored.
        """
        looks_only = obj is not None and not self.has_change_permission(request, obj)
        headers = "masked_headers" if looks_only else "headers"
        call = ("webhook", "payload", headers, "retry_conf", "comment")
        sets: list[Any] = [
            (None, {"fields": ("name", "schedule", "timezone")}),
            ("Call", {"fields": call}),
            ("Transforms", {"fields": ("request_transform", "response_transform")}),
            ("Policies", {"fields": ("misfire_policy", "when_disabled", "include_in_metadata")}),
        ]
        return [*sets, ("State", {"fields": STATE})] if obj else sets

    def get_readonly_fields(self, request: HttpRequest, obj: CronTrigger | None = None) -> Any:
        """The name is what callers and receivers know it by."""
        return ("name", *STATE) if obj else ()

    def save_model(self, request: HttpRequest, obj: CronTrigger, form: Any, change: bool) -> None:
        """Create or replace by the same way as the API."""
        enabled = (
            CronTrigger.objects.values_list("enabled", flat=True).get(pk=obj.pk) if change else True
        )
        name = obj.name if change else form.cleaned_data["name"]
        made = create_cron_trigger(name, enabled=enabled, replace=change, **form.arguments())
        obj.pk, obj.name = made.pk, made.name
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: CronTrigger) -> None:
        """Delete with events and logs."""
        delete_cron_trigger(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CronTrigger]) -> None:
        """Delete one after the other."""
        for trigger in queryset:
            delete_cron_trigger(trigger.name)
