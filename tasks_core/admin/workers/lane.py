"""Lanes: how far the workers have come in each."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.toolkit.blocks import link
from tasks_core.admin.toolkit.moments import moment, moment_in_full
from tasks_core.admin.toolkit.places import list_url
from tasks_core.admin.toolkit.record import Fact, RecordAdmin
from tasks_core.models import Lane


@admin.register(Lane)
class LaneAdmin(RecordAdmin[Lane]):
    """The workers write these rows; recovery tells lost messages by them."""

    explanation = "Queues with their priorities, and how far the workers have come in each."
    list_display = ("lane", "progress", "tasks")
    list_display_links = ("lane",)
    list_filter = ("priority",)
    search_fields = ("queue_name",)

    @admin.display(description="lane")
    def lane(self, lane: Lane) -> str:
        """Queue and priority."""
        return str(lane)

    @admin.display(description="claimed up to")
    def progress(self, lane: Lane) -> SafeString | str:
        """When the latest claimed task had been queued."""
        return moment(lane.claimed_until, clock.now())

    @admin.display(description="tasks")
    def tasks(self, lane: Lane) -> SafeString:
        """A link to the tasks that wait in it."""
        url = list_url("tasks_core_task", queue=lane.queue_name, priority__exact=lane.priority)
        return link(url, "tasks")

    def facts(self, request: HttpRequest, row: Lane) -> list[Fact]:
        """Return the same in full."""
        return [
            Fact("Queue", row.queue_name),
            Fact("Priority", row.get_priority_display()),
            Fact("Claimed up to", moment_in_full(row.claimed_until, clock.now())),
            Fact("Tasks", self.tasks(row)),
        ]
