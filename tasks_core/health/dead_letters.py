"""How many dead letters wait for a person? That makes no platform ill."""

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.models import DeadLetter

report = Reporter("dead-letters")
MANY = 1_000


def look() -> Iterator[Finding]:
    """Count them, up to a limit that keeps it cheap."""
    letters = DeadLetter.objects.unresolved()
    count = letters.order_by()[: MANY + 1].count()
    oldest = letters.order_by("created_at").values_list("created_at", flat=True).first()
    if oldest is None:
        yield report.healthy("no dead letter is unresolved")
        return
    yield report.healthy(
        f"unresolved: {f'more than {MANY:,}' if count > MANY else count}, the oldest since "
        f"{age(clock.now() - oldest)}; `python manage.py list_dead_letters` shows them"
    )
