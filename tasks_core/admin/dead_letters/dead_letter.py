"""Dead letters: the evidence, and what can be done."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.dead_letters.actions import DISCARD, EDIT_AND_REPLAY, REPLAY
from tasks_core.admin.dead_letters.filters import FingerprintFilter, ResolutionFilter
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.badges import badge
from tasks_core.admin.toolkit.blocks import json_block, link, text_block, two_lines
from tasks_core.admin.toolkit.moments import moment, moment_in_full
from tasks_core.admin.toolkit.places import list_url, task_link
from tasks_core.admin.toolkit.record import Fact, Panel, shows_list
from tasks_core.admin.toolkit.task_filters import TypeFilter
from tasks_core.engine.bigint import bigint
from tasks_core.models import DeadLetter
from tasks_core.payloads import masked

TONES = {
    "": ("Open", "bad"),
    DeadLetter.Resolution.REPLAYED: ("Replayed", "good"),
    DeadLetter.Resolution.DISCARDED: ("Discarded", "muted"),
}
MESSAGE_LENGTH = 100


@admin.register(DeadLetter)
class DeadLetterAdmin(RecordActionsAdmin[DeadLetter]):
    """Read-only; replay, edit and replay, and discard are actions."""

    explanation = (
        "Tasks that failed for good and wait for a decision: replay, edit and replay, or discard."
    )
    row_actions = (REPLAY, EDIT_AND_REPLAY, DISCARD)
    list_display = ("what", "resolution_word", "failure", "attempts", "kind", "when")
    list_display_links = ("what",)
    list_filter = (ResolutionFilter, TypeFilter, FingerprintFilter)
    search_fields = ("id",)
    search_help_text = "Id, id of the task, fingerprint or error class"
    list_disable_select_all = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Leave out of the list what may be large; a dead letter's page has its task."""
        letters = super().get_queryset(request)
        if shows_list(request):
            return letters.defer("traceback", "versions")
        return letters.select_related("task")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], search_term: str
    ) -> tuple[QuerySet[DeadLetter], bool]:
        """Find by what is exact, and by the class of the error."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(fingerprint=term) | Q(error__icontains=term)
        if (number := bigint(term)) is not None:
            found |= Q(pk=number) | Q(task=number)
        return queryset.filter(found), False

    @admin.display(description="dead letter")
    def what(self, letter: DeadLetter) -> SafeString:
        """Task type and ids."""
        return two_lines(letter.task_type, f"#{letter.pk} of task #{letter.task_id}")

    @admin.display(description="resolution")
    def resolution_word(self, letter: DeadLetter) -> SafeString:
        """Open or how it was dealt with."""
        return badge(*TONES[letter.resolution])

    @admin.display(description="failure")
    def failure(self, letter: DeadLetter) -> SafeString:
        """Error and message, shortened."""
        return two_lines(letter.error, letter.message[:MESSAGE_LENGTH])

    @admin.display(description="same failure")
    def kind(self, letter: DeadLetter) -> SafeString:
        """A link to the others of the same kind."""
        url = list_url("tasks_core_deadletter", fingerprint=letter.fingerprint)
        return link(url, letter.fingerprint[:12])

    @admin.display(description="died")
    def when(self, letter: DeadLetter) -> SafeString | str:
        """When the task died."""
        return moment(letter.created_at, clock.now())

    def facts(self, request: HttpRequest, row: DeadLetter) -> list[Fact]:
        """Return who, when and why."""
        now = clock.now()
        return [
            Fact("Resolution", badge(*TONES[row.resolution])),
            Fact("Task", task_link(row.task_id)),
            Fact("Type", row.task_type),
            Fact("Given up because", row.reason),
            Fact("Error", row.error),
            Fact("Attempts", row.attempts),
            Fact("Fingerprint", self.kind(row)),
            Fact("Died", moment_in_full(row.created_at, now)),
            Fact("Worker", row.worker),
            Fact("Versions", ", ".join(f"{name} {v}" for name, v in row.versions.items())),
            Fact("Resolved", moment_in_full(row.resolved_at, now) if row.resolved_at else ""),
            Fact("Note", row.note),
            Fact("Replayed as", task_link(row.replayed_as_id) if row.replayed_as_id else ""),
        ]

    def panels(self, request: HttpRequest, row: DeadLetter) -> list[Panel]:
        """Return message, traceback and payload."""
        found = [Panel("message", "Message", text_block(row.message or "(none)"))]
        if row.traceback:
            found.append(Panel("traceback", "Traceback", text_block(row.traceback)))
        found.append(Panel("payload", "Payload", json_block(masked(row.task.payload))))
        return found
