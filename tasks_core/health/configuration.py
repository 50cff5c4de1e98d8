"""Do Django's system checks pass?"""

from collections.abc import Iterator

from django.core import checks

from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter

report = Reporter("configuration")


def look() -> Iterator[Finding]:
    """Pass on what the system checks say."""
    messages = checks.run_checks()
    for message in messages:
        text, remedy = f"{message.msg} ({message.id})", message.hint or ""
        if message.is_silenced() or message.level < checks.WARNING:
            continue
        is_error = message.level >= checks.ERROR
        yield report.unhealthy(text, remedy) if is_error else report.degraded(text, remedy)
    yield report.healthy("system checks ran")
