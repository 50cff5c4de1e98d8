"""Broadcasts: what is sent to whom, how far it has come, and its brakes."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.admin.broadcasts.actions import CANCEL, PAUSE, RESUME
from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.broadcasts.progress import Progress, progress_of
from notifications.models import Broadcast, BroadcastReceiver
from notifications.states import BROADCAST_FINAL
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    Panel,
    RecordActionsAdmin,
    link,
    list_url,
    moment,
    moment_in_full,
    table,
    two_lines,
)

SHOWN = 50


@admin.register(Broadcast)
class BroadcastAdmin(ViewLogged[Broadcast], RecordActionsAdmin[Broadcast]):
    """Read-only; pause, resume and cancel are actions."""

    explanation = "One message to a whole audience, sent at a pace, with how far it is."
    row_actions = (PAUSE, RESUME, CANCEL)
    list_display = ("what", "state_word", "audience", "reason", "made")
    list_display_links = ("what",)
    list_filter = ("state", "channel")
    search_fields = ("name",)
    search_help_text = "Part of the name"

    @admin.display(description="broadcast")
    def what(self, row: Broadcast) -> SafeString:
        """Name and template."""
        return two_lines(row.name, row.template)

    @admin.display(description="state")
    def state_word(self, row: Broadcast) -> SafeString:
        """How far it has come."""
        return word(row.state)

    @admin.display(description="handed over")
    def audience(self, row: Broadcast) -> str:
        """How many of how many."""
        return f"{row.handed_over:,} of {row.receivers_total - row.rejected:,}"

    @admin.display(description="made")
    def made(self, row: Broadcast) -> SafeString | str:
        """When it was made."""
        return moment(row.created_at, clock.now())

    def facts(self, request: HttpRequest, row: Broadcast) -> list[Fact]:
        """Return its terms."""
        now = clock.now()
        messages = list_url("notifications_notification", q=f"broadcast-{row.pk}")
        return [
            Fact("State", word(row.state)),
            Fact("Reason", row.reason),
            Fact("Template", row.template),
            Fact("Channel", row.channel),
            Fact("Locale", row.locale),
            Fact("Category", row.category),
            Fact("Rate", f"{row.rate:g} a second" if row.rate else "as fast as they are sent"),
            Fact("In flight", f"at most {row.in_flight:,} messages"),
            Fact(
                "Messages", link(messages, "all that were handed over") if row.handed_over else ""
            ),
            Fact("Not before", moment_in_full(row.run_after, now) if row.run_after else ""),
            Fact("Expires", moment_in_full(row.expires_at, now) if row.expires_at else ""),
            Fact("Made", moment_in_full(row.created_at, now)),
            Fact("Started", moment_in_full(row.started_at, now) if row.started_at else ""),
            Fact("Ended", moment_in_full(row.finished_at, now) if row.finished_at else ""),
        ]

    def panels(self, request: HttpRequest, row: Broadcast) -> list[Panel]:
        """Return the progress, and who was rejected."""
        found = [Panel("progress", "Progress", _progress(row, progress_of(row)))]
        if row.rejected:
            found.append(Panel("rejected", "Rejected", _rejected(row), row.rejected))
        return found


def _progress(row: Broadcast, progress: Progress) -> SafeString:
    waiting = "Never handed over" if row.state in BROADCAST_FINAL else "Waiting to be handed over"
    rows = [
        (waiting, f"{progress.waiting:,}"),
        *(
            (state.replace("_", " ").capitalize(), f"{count:,}")
            for state, count in progress.notifications.items()
            if count
        ),
        *((f"Suppressed: {why}", f"{count:,}") for why, count in progress.suppressed.items()),
        ("Rejected", f"{progress.rejected:,}"),
        ("All", f"{progress.total:,}"),
        ("Left out as duplicates", f"{progress.duplicates:,}"),
    ]
    bar = format_html(
        '<p class="br-gauge"><progress class="br-progress" max="{}" value="{}" '
        'aria-label="Receivers done"></progress> {} of {} done</p>',
        max(progress.total, 1),
        progress.ended,
        f"{progress.ended:,}",
        f"{progress.total:,}",
    )
    return bar + table(("Receivers", "Number"), rows, empty="None.")


def _rejected(row: Broadcast) -> SafeString:
    rejected = BroadcastReceiver.objects.filter(broadcast=row).exclude(problem="")
    rows = [(one.address, one.problem) for one in rejected.order_by("pk")[:SHOWN]]
    return table(("Receiver", "Problem"), rows, empty="None.")
