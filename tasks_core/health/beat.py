"""Does a beat live, does it work, and does one lead?"""

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import RECOVERY
from tasks_core.models import Leadership, Worker

report = Reporter("beat")
START = "start one: celery -A scheduler_project beat -S tasks_core.beat:Scheduler"


def look() -> Iterator[Finding]:
    """Require one that works; several are welcome. One of them leads the schedules."""
    alive = list(Worker.objects.alive(clock.now()).filter(role=Worker.Role.BEAT))
    working = [beat for beat in alive if beat.stuck_since is None]
    if not alive:
        yield report.unhealthy(
            "no beat is alive: nothing is dispatched, retried or recovered", START
        )
        return
    yield from (_stuck(beat, is_last=not working) for beat in alive if beat not in working)
    yield from (_stepping_past(beat) for beat in alive if beat.failing_rows)
    if working:
        yield report.healthy(f"alive: {', '.join(beat.name for beat in working)}")
        yield from _leader()


def _stuck(beat: Worker, *, is_last: bool) -> Finding:
    since = age(clock.now() - beat.stuck_since) if beat.stuck_since else ""
    text = f"{beat.name} is alive, but some of its work has stood still for {since}"
    remedy = "restart it, and look at its log; `check_beat` says what stands still"
    return report.unhealthy(text, remedy) if is_last else report.degraded(text, remedy)


def _stepping_past(beat: Worker) -> Finding:
    return report.degraded(
        f"{beat.name} steps past rows that fail: {beat.failing_rows}",
        "its log has the errors and what to do; all other rows are served",
    )


def _leader() -> Iterator[Finding]:
    now = clock.now()
    lease = Leadership.objects.filter(name="schedules").first()
    if lease is not None and lease.expires_at > now:
        yield report.healthy(f"{lease.holder} leads the schedules")
    elif lease is None or lease.expires_at < now - RECOVERY:
        yield report.degraded(
            "no beat leads the schedules: no tick is settled",
            "another beat takes over within seconds; if this stays so, look at beat's log",
        )
