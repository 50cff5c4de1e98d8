"""Limits: how much of each has been used in the windows that run."""

from datetime import timedelta
from decimal import Decimal

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from notifications import conf
from notifications.limits.prices import MICROS
from notifications.models import LimitCounter
from notifications.rules.currencies import in_currency
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    RecordAdmin,
    badge,
    moment,
    moment_in_full,
    span,
    two_lines,
)

SHOWN_OF_HASH = 12
MONEY = "sms_spend"
LABELS = {
    "otp_recipient": "Codes to one receiver",
    "otp_requester": "Codes for one requester",
    "sms_country": "SMS to one country",
    MONEY: "Money spent on SMS",
}


@admin.register(LimitCounter)
class LimitCounterAdmin(RecordAdmin[LimitCounter]):
    """Read-only. People are keyed hashes here."""

    explanation = (
        "How much of each limit on codes, SMS and money is used up in its present span of time."
    )
    list_display = ("limit", "who", "used_of_most", "ends")
    list_display_links = ("limit",)
    list_filter = ("name",)
    search_fields = ("subject",)
    search_help_text = "Country, or keyed hash"

    @admin.display(description="limit")
    def limit(self, row: LimitCounter) -> SafeString:
        """Which one, and the length of its window."""
        return two_lines(_label(row), f"in {span(timedelta(seconds=row.seconds))}")

    @admin.display(description="of")
    def who(self, row: LimitCounter) -> str:
        """A country, everybody, or the beginning of a hash."""
        return "all" if row.subject == "*" else row.subject[:SHOWN_OF_HASH]

    @admin.display(description="used")
    def used_of_most(self, row: LimitCounter) -> SafeString:
        """How much of how much."""
        tone = "bad" if row.used >= row.most else "calm"
        return badge(f"{_amount(row, row.used)} of {_amount(row, row.most)}", tone)

    @admin.display(description="window ends")
    def ends(self, row: LimitCounter) -> SafeString | str:
        """When it begins anew."""
        return moment(row.ends_at, clock.now())

    def facts(self, request: HttpRequest, row: LimitCounter) -> list[Fact]:
        """Return everything."""
        now = clock.now()
        return [
            Fact("Limit", _label(row)),
            Fact("Name", row.name),
            Fact("In", span(timedelta(seconds=row.seconds))),
            Fact("Of", "all" if row.subject == "*" else row.subject),
            Fact("Used", f"{_amount(row, row.used)} of {_amount(row, row.most)}"),
            Fact("Window began", moment_in_full(row.window_start, now)),
            Fact("Window ends", moment_in_full(row.ends_at, now)),
        ]


def _label(row: LimitCounter) -> str:
    return LABELS.get(row.name, row.name)


def _amount(row: LimitCounter, number: int) -> str:
    if row.name != MONEY:
        return f"{number:,}"
    return in_currency(Decimal(number) / MICROS, conf.current().currency)
