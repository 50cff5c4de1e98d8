"""The probe ``receivers``: can what messages are sent by, and to, be used here?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from notifications.health.problems import problem_of
from notifications.models import Category, Destination, Endpoint, Provider, Recipient
from notifications.people.recipients.categories import RETENTION
from tasks_core.database.readable_rows import read_rows, what_is_wrong
from tasks_core.health import Finding, Probe, Reporter, add_probe

MOST = 500
"""Rows of each table that are looked at: the newest, as a probe must be quick."""

NAMED = 3
"""Bad rows of a table that are named."""

report = Reporter("receivers")


@dataclass(frozen=True)
class _Table:
    """What is looked at.

    Attributes:
        rows: those in use.
        columns: what a problem follows from. An instant that cannot be read in another one does no harm here.
        name: the column that people know a row by.
        remedy: what to do about a bad one.
    """

    rows: QuerySet[Any]
    columns: Sequence[str]
    name: str
    remedy: str

    def read(self) -> tuple[int, list[str]]:
        """Return how many can be used, and of each other row its name and what is wrong with it."""
        found = read_rows(self.rows.only(self.name, *self.columns).order_by("-pk"), limit=MOST)
        bad = {row.pk: problem for row in found.sound if (problem := problem_of(row))}
        bad |= {key: what_is_wrong(error) for key, error in found.unreadable.items()}
        names = self.rows.filter(pk__in=list(bad)).values_list("pk", self.name) if bad else ()
        said = [f"{name!r}: {bad[key]}" for key, name in names]
        return len(found.sound) - len(bad) + len(found.unreadable), said


def _tables() -> dict[str, _Table]:
    limits = ("rate_limit", "breaker_threshold", "breaker_pause")
    return {
        "providers": _Table(
            Provider.objects.filter(enabled=True),
            ("channel", "kind", "credentials", "options", "base_url", *limits),
            "name",
            "correct it on its page in the admin, register it again with register_provider, or disable it",
        ),
        "destinations": _Table(
            Destination.objects.filter(enabled=True),
            ("channel", "sealed"),
            "name",
            "register it again with register_destination, or disable it",
        ),
        "endpoints": _Table(
            Endpoint.objects.filter(enabled=True),
            ("url", "secrets", "owner_email", "max_concurrency", *limits),
            "name",
            "correct its URL on its page in the admin, give it a new secret there, or disable it",
        ),
        "categories": _Table(
            Category.objects.all(),
            ("quiet_hours", "default_channels", "digest_template", *RETENTION),
            "key",
            "correct it on its page in the admin or with save_category",
        ),
        "recipients": _Table(
            Recipient.objects.all(),
            ("locale", "timezone", "quiet_hours"),
            "key",
            "correct it on its page in the admin or with save_recipient; if this machine lacks a time zone "
            "that others have, renew its time zone data (package tzdata)",
        ),
    }


def register() -> None:
    """Add this probe to those of the platform."""
    add_probe(Probe("receivers", look, needs=("keys", "database", "migrations")))


def look() -> Iterator[Finding]:
    """Find the rows that nothing can be sent by or to."""
    counts = []
    for plural, table in _tables().items():
        count, bad = table.read()
        counts.append(f"{count} {plural}")
        if bad:
            more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
            yield report.degraded(
                f"{len(bad)} of the {plural} cannot be used here: {'; '.join(bad[:NAMED])}{more}",
                table.remedy,
            )
    yield report.healthy(
        f"of the newest {MOST} of each, these can be used here: {', '.join(counts)}"
    )
