"""Does a beat live?"""

from __future__ import annotations

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.models import Worker
from tasks_core.platform_health.finding import Finding
from tasks_core.platform_health.probe import Reporter

report = Reporter("beat")


def look() -> Iterator[Finding]:
    """Require one; several are welcome."""
    beats = Worker.objects.alive(clock.now()).filter(role=Worker.Role.BEAT)
    names = list(beats.values_list("name", flat=True))
    if names:
        yield report.healthy(f"alive: {', '.join(names)}")
        return
    yield report.unhealthy(
        "no beat is alive: nothing is dispatched, retried or recovered",
        "start one: celery -A scheduler_project beat -S tasks_core.beat:Scheduler",
    )
