"""Deliveries: one message on its way, and every try at it."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.admin.endpoints.link import endpoint_link
from notifications.admin.messages.attempt_exchange import exchange_panel
from notifications.admin.messages.delivery_filter import StateFilter
from notifications.admin.toolkit import message_preview
from notifications.admin.toolkit.badges import outcome_word, word
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.models import Delivery, DeliveryAttempt
from notifications.models.address_index import is_address
from notifications.rendering.compiled import Rendered
from notifications.sending.pipeline.next_step import correlation
from notifications.sending.pipeline.replay_checks import refusal_of
from notifications.states import DeliveryState
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    Panel,
    RecordAdmin,
    dead_letter_link,
    link,
    moment,
    moment_in_full,
    shows_list,
    span,
    table,
    task_link,
    text_block,
    two_lines,
)
from tasks_core.engine.bigint import bigint
from tasks_core.models import DeadLetter

SHOWN_ATTEMPTS = 50
WITHHELD = "The message has secret variables; no text of it is stored."


@admin.register(Delivery)
class DeliveryAdmin(ViewLogged[Delivery], RecordAdmin[Delivery]):
    """Read-only. Its task is what can be retried or cancelled."""

    explanation = (
        "Notifications on their way: one row for each channel and address, with every attempt."
    )
    list_display = ("what", "state_word", "receiver", "attempts", "problem", "sent")
    list_display_links = ("what",)
    list_filter = (("state", StateFilter), "channel")
    search_fields = ("id",)
    search_help_text = "Id, id of the notification, message id or address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Leave the message's text out of lists."""
        rows = super().get_queryset(request)
        if shows_list(request):
            return rows.defer("subject", "text", "html")
        return rows.select_related("notification", "endpoint").defer("notification__secret_context")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(message_id=term)
        if (number := bigint(term)) is not None:
            found |= Q(pk=number) | Q(notification=number)
        if "@" in term or "://" in term:
            found = is_address(term)
        return queryset.filter(found), False

    @admin.display(description="delivery")
    def what(self, row: Delivery) -> SafeString:
        """Ids."""
        return two_lines(f"#{row.pk}", f"notification #{row.notification_id}")

    @admin.display(description="state")
    def state_word(self, row: Delivery) -> SafeString:
        """How far it has come."""
        return word(row.state)

    @admin.display(description="receiver")
    def receiver(self, row: Delivery) -> SafeString:
        """Address and channel."""
        return two_lines(row.address, row.channel)

    @admin.display(description="last error")
    def problem(self, row: Delivery) -> str:
        """What the last attempt that failed met, shortened."""
        return row.error if len(row.error) <= 80 else f"{row.error[:79]}…"

    @admin.display(description="sent")
    def sent(self, row: Delivery) -> SafeString | str:
        """When it was sent."""
        return moment(row.sent_at, clock.now())

    def facts(self, request: HttpRequest, row: Delivery) -> list[Fact]:
        """Return where it goes and how far it is."""
        now = clock.now()
        url = reverse("admin:notifications_notification_change", args=[row.notification_id])
        return [
            Fact("State", word(row.state)),
            Fact("Notification", link(url, f"#{row.notification_id}")),
            Fact("Channel", row.channel),
            Fact("Address", row.address),
            Fact("Endpoint", endpoint_link(row.endpoint)),
            Fact("Message id", row.message_id),
            Fact("Provider's id", row.provider_message_id),
            Fact("Attempts", row.attempts),
            Fact("Throttled", _times(row.throttled)),
            Fact("Made", moment_in_full(row.created_at, now)),
            Fact("Rendered", moment_in_full(row.rendered_at, now) if row.rendered_at else ""),
            Fact("Sent", moment_in_full(row.sent_at, now) if row.sent_at else ""),
            Fact("Ended", moment_in_full(row.finished_at, now) if row.finished_at else ""),
            Fact("Last error", row.error),
        ]

    def panels(self, request: HttpRequest, row: Delivery) -> list[Panel]:
        """Return the attempts and the message."""
        attempts = list(row.attempt_log.order_by("-number")[:SHOWN_ATTEMPTS])
        return [
            Panel("attempts", "Attempts", _attempts(attempts), count=len(attempts)),
            *_dead_letter(row, attempts),
            Panel("message", "Message", _message(row)),
            *_reports(row),
            *exchange_panel(attempts, row.channel),
        ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times" if count else ""


def _dead_letter(row: Delivery, attempts: list[DeliveryAttempt]) -> list[Panel]:
    """Return where a delivery that failed can be replayed or discarded."""
    if row.state != DeliveryState.FAILED:
        return []
    letters = DeadLetter.objects.filter(_task_of(row, attempts))
    pk = letters.order_by("-pk").values_list("pk", flat=True).first()
    if pk is None:
        return []
    refusal = refusal_of(row)
    words = refusal[:1].upper() + refusal[1:] if refusal else "Replay or discard it"
    body = format_html("{}: {}.", words, dead_letter_link(pk))
    return [Panel("dead-letter", "What can be done", body)]


def _task_of(row: Delivery, attempts: list[DeliveryAttempt]) -> Q:
    """Return what finds the task: by its attempt, or among the few of the notification."""
    if attempts:
        return Q(task=attempts[0].task_id)
    tie = correlation(row.notification)
    own = Q(task__correlation_id=tie, task__payload__delivery=row.pk)
    # A correlation id of the caller's may be that of very many tasks.
    return Q(pk=None) if row.notification.correlation_id else own


def _reports(row: Delivery) -> list[Panel]:
    """Return what providers reported, if they did."""
    now = clock.now()
    found = list(row.provider_events.order_by("-pk")[:SHOWN_ATTEMPTS])
    rows = [(word(one.kind), one.source, one.reason, moment(one.occurred_at, now)) for one in found]
    shown = table(("What", "Source", "Reason", "When"), rows, empty="None.")
    return [Panel("reports", "Reports of the provider", shown, count=len(found))] if found else []


def _attempts(attempts: list[DeliveryAttempt]) -> SafeString:
    now = clock.now()
    rows = [
        (
            one.number,
            outcome_word(one.outcome),
            one.status_code or "",
            "" if one.duration is None else span(one.duration),
            one.error,
            moment(one.started_at, now),
            task_link(one.task_id),
        )
        for one in attempts
    ]
    headers = ("No.", "Outcome", "Status", "Took", "Error", "Started", "Task")
    return table(headers, rows, empty="None yet.")


def _message(row: Delivery) -> SafeString:
    if row.notification.is_secret:
        return text_block(WITHHELD)
    if not row.rendered_at:
        return text_block("Not rendered yet.")
    return message_preview.message(Rendered(row.subject, row.text, row.html), row.channel)
