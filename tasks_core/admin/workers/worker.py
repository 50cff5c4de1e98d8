"""Workers and beats: who is there, and what they serve."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.toolkit.badges import badge
from tasks_core.admin.toolkit.blocks import two_lines
from tasks_core.admin.toolkit.moments import moment, moment_in_full
from tasks_core.admin.toolkit.record import Fact, RecordAdmin
from tasks_core.models import Worker
from tasks_core.models.worker import MOST_SKEW, SILENCE


class LifeFilter(SimpleListFilter):
    """Whether the process is there."""

    title = "life"
    parameter_name = "life"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Return the two possibilities."""
        return [("alive", "Alive"), ("gone", "Gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Worker]) -> QuerySet[Worker]:
        """Keep those that are there, or those that are not."""
        alive = Worker.objects.alive(clock.now()).values("pk")
        if self.value() == "alive":
            return queryset.filter(pk__in=alive)
        return queryset.exclude(pk__in=alive) if self.value() == "gone" else queryset


@admin.register(Worker)
class WorkerAdmin(RecordAdmin[Worker]):
    """They register themselves."""

    explanation = "Processes that run tasks or beat, with the last sign of life from each."
    list_display = ("what", "life", "concurrency", "served", "heartbeat", "since")
    list_display_links = ("what",)
    list_filter = (LifeFilter, "role")
    search_fields = ("name",)
    search_help_text = "Part of the name"

    @admin.display(description="process")
    def what(self, worker: Worker) -> SafeString:
        """Name and role."""
        return two_lines(worker.name, worker.get_role_display())

    @admin.display(description="life")
    def life(self, worker: Worker) -> SafeString:
        """Alive, stopped in good order, or silent."""
        if worker.stopped_at:
            return badge("Stopped", "muted")
        if worker.heartbeat_at <= clock.now() - SILENCE:
            return badge("Silent", "bad")
        if worker.stuck_since:
            return badge("Takes no messages", "bad")
        return badge("Alive, not well", "warning") if worker.is_ill else badge("Alive", "good")

    @admin.display(description="queues")
    def served(self, worker: Worker) -> str:
        """What it consumes."""
        names = sorted({queue.rpartition(".")[0] or queue for queue in worker.queues})
        return ", ".join(names)

    @admin.display(description="heard of")
    def heartbeat(self, worker: Worker) -> SafeString | str:
        """Its last heartbeat."""
        return moment(worker.heartbeat_at, clock.now())

    @admin.display(description="started")
    def since(self, worker: Worker) -> SafeString | str:
        """When it started."""
        return moment(worker.started_at, clock.now())

    def facts(self, request: HttpRequest, row: Worker) -> list[Fact]:
        """Return what it said of itself."""
        now = clock.now()
        return [
            Fact("Life", self.life(row)),
            Fact("Role", row.get_role_display()),
            Fact("Host", row.hostname),
            Fact("Process id", str(row.pid)),
            Fact("Version", row.version),
            Fact("Concurrency", row.concurrency),
            Fact("Started", moment_in_full(row.started_at, now)),
            Fact("Heard of", moment_in_full(row.heartbeat_at, now)),
            Fact("Stopped", moment_in_full(row.stopped_at, now) if row.stopped_at else ""),
            Fact("Takes no messages", _since(row.stuck_since, now)),
            Fact("Machine's clock", _clock(row.clock_skew)),
            Fact("Processes that stand still", _joined(row.silent_processes)),
            Fact("Processes that begin nothing", _joined(row.vain_processes)),
            Fact("Rows that fail", row.failing_rows),
            Fact("Queues", _listed(row.queues)),
            Fact("Task types", _listed(row.task_types)),
            Fact("Subscribers", _listed(row.subscribers or [])),
        ]


def _since(at: datetime | None, now: datetime) -> SafeString | str:
    return format_html("since {}", moment_in_full(at, now)) if at else ""


def _clock(skew: float | None) -> str:
    if skew is None or abs(skew) <= MOST_SKEW:
        return "" if skew is None else "that of the database"
    return f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} that of the database"


def _joined(found: Iterable[object] | None) -> str:
    return "; ".join(map(str, found or ()))


def _listed(names: list[str]) -> SafeString:
    return format_html_join(" ", "{}", ((badge(name),) for name in names))
