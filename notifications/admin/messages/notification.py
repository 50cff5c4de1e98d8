"""Notifications: what was asked for, and how far it has come."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.endpoints.link import endpoint_link
from notifications.admin.messages.actions import CANCEL, ERASE
from notifications.admin.messages.fallback_panel import ladder_panel
from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.models import Notification
from notifications.models.address_index import is_address
from notifications.sending.pipeline.next_step import correlation
from notifications.states import NOTIFICATION_UNFINISHED
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    Panel,
    RecordActionsAdmin,
    link,
    list_url,
    moment,
    moment_in_full,
    shows_list,
    table,
    text_block,
    two_lines,
    values_table,
)
from tasks_core.engine.bigint import bigint

SEALED = (
    "It has secret variables. They are stored encrypted, shown nowhere, and wiped when it ends."
)
WIPED = "It had secret variables. They were wiped when it ended."


@admin.register(Notification)
class NotificationAdmin(ViewLogged[Notification], RecordActionsAdmin[Notification]):
    """Read-only; cancel is an action. Secret variables are never read here."""

    explanation = (
        "Messages that were asked for. How each went by its channels is in its deliveries."
    )
    row_actions = (CANCEL, ERASE)
    list_display = ("what", "state_word", "receiver", "category", "reason", "made")
    list_display_links = ("what",)
    list_filter = ("state", "channel", "critical", "is_test")
    search_fields = ("id",)
    search_help_text = "Id, address, idempotency key or correlation id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Read the template along, and the sealed variables never."""
        rows = super().get_queryset(request).defer("secret_context")
        if shows_list(request):
            return rows.defer("context", "condition_args").select_related(
                "template_version__template"
            )
        return rows.select_related(
            "template_version__template", "endpoint", "recipient", "broadcast"
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(idempotency_key=term) | (Q(correlation_id=term) & ~Q(correlation_id=""))
        if (pk := bigint(term)) is not None:
            found |= Q(pk=pk)
        if "@" in term or "://" in term:
            found = is_address(term)
        return queryset.filter(found), False

    @admin.display(description="notification")
    def what(self, row: Notification) -> SafeString:
        """Template and id."""
        return two_lines(row.template_version.template.name, f"#{row.pk}")

    @admin.display(description="state")
    def state_word(self, row: Notification) -> SafeString:
        """How far it has come."""
        return word(row.state)

    @admin.display(description="receiver")
    def receiver(self, row: Notification) -> SafeString:
        """Address and channel."""
        return two_lines(row.address, row.channel)

    @admin.display(description="made")
    def made(self, row: Notification) -> SafeString | str:
        """When it was accepted."""
        return moment(row.created_at, clock.now())

    def facts(self, request: HttpRequest, row: Notification) -> list[Fact]:
        """Return everything but its variables."""
        now = clock.now()
        version = reverse(
            "admin:notifications_templateversion_change", args=[row.template_version_id]
        )
        key = correlation(row)
        return [
            Fact("State", word(row.state)),
            Fact("Reason", row.reason),
            Fact("Template", link(version, row.template_version)),
            Fact("Channel", row.channel),
            Fact("Address", row.address),
            Fact("Endpoint", endpoint_link(row.endpoint)),
            Fact("Recipient", _recipient(row)),
            Fact("Broadcast", _broadcast(row)),
            Fact("Category", row.category),
            Fact("Condition", row.condition),
            Fact("Test", "yes, sent to try the template out" if row.is_test else ""),
            Fact("Repeats", _first(row)),
            Fact("Critical", "yes, overtakes others" if row.critical else ""),
            Fact("Tasks", link(list_url("tasks_core_task", q=key), key)),
            Fact("Due", moment_in_full(row.run_after, now)),
            Fact("Held until", moment_in_full(row.held_until, now) if row.held_until else ""),
            Fact("Expires", moment_in_full(row.expires_at, now) if row.expires_at else ""),
            Fact("Accepted", moment_in_full(row.created_at, now)),
            Fact("Ended", moment_in_full(row.finished_at, now) if row.finished_at else ""),
            Fact("Idempotency key", row.idempotency_key),
            Fact("Supersede key", row.supersede_key),
        ]

    def row_line(self, row: Notification) -> str:
        """Say whom it is for."""
        name = row.template_version.template.name
        return f"Notification {row.pk}: {name} to {row.address} ({row.channel})"

    def panels(self, request: HttpRequest, row: Notification) -> list[Panel]:
        """Return deliveries and open variables."""
        found = [Panel("deliveries", "Deliveries", _deliveries(row))]
        if row.has_fallback:
            found.append(Panel("ladder", "Fallback", ladder_panel(row)))
        if row.is_secret:
            found.append(
                Panel(
                    "secret",
                    "Secret variables",
                    text_block(SEALED if row.state in NOTIFICATION_UNFINISHED else WIPED),
                )
            )
        if row.context:
            found.append(Panel("context", "Variables", values_table(row.context)))
        if row.condition_args:
            found.append(
                Panel("condition", f"Asked of {row.condition}", values_table(row.condition_args))
            )
        return found


def _recipient(row: Notification) -> SafeString | str:
    if row.recipient is None:
        return ""
    url = reverse("admin:notifications_recipient_change", args=[row.recipient.pk])
    return link(url, row.recipient.key)


def _broadcast(row: Notification) -> SafeString | str:
    if row.broadcast is None:
        return ""
    url = reverse("admin:notifications_broadcast_change", args=[row.broadcast.pk])
    return link(url, row.broadcast.name)


def _first(row: Notification) -> SafeString | str:
    """The notification whose code it sends again."""
    if row.resend_of_id is None:
        return ""
    url = reverse("admin:notifications_notification_change", args=[row.resend_of_id])
    return link(url, f"Notification {row.resend_of_id}")


def _deliveries(row: Notification) -> SafeString:
    now = clock.now()
    rows = [
        (
            link(reverse("admin:notifications_delivery_change", args=[one.pk]), f"#{one.pk}"),
            one.channel,
            one.address,
            word(one.state),
            one.attempts,
            moment(one.sent_at, now),
        )
        for one in row.deliveries.order_by("pk")[:50]
    ]
    headers = ("Delivery", "Channel", "Address", "State", "Attempts", "Sent")
    return table(headers, rows, empty="None yet: it is not due, or it ended before.")
