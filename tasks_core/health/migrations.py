"""Are the tables as this release needs them?"""

from collections.abc import Iterator

from django.db.migrations.executor import MigrationExecutor

from tasks_core.database import connection
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter

report = Reporter("migrations")


def look() -> Iterator[Finding]:
    """Name what is missing."""
    executor = MigrationExecutor(connection())
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        yield report.healthy("all migrations are applied")
        return
    names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
    more = f" and {len(plan) - 3} more" if len(plan) > 3 else ""
    yield report.unhealthy(
        f"migrations are not applied: {names}{more}", "run `python manage.py migrate`"
    )
