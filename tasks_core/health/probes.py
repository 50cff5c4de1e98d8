"""All probes, in an order in which one explains the next."""

from collections.abc import Collection

from tasks_core.health import (
    beat,
    broker,
    clocks,
    configuration,
    connections,
    database,
    dead_letters,
    due,
    keys,
    lanes,
    leases,
    migrations,
    periodic_tasks,
    progress,
    schedules,
    stored_secrets,
    subscriptions,
    workers,
)
from tasks_core.health.probe import Probe, Strand

TABLES = ("database", "migrations")

PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        Probe("configuration", configuration.look, strand=Strand.PROCESS),
        Probe("keys", keys.look, strand=Strand.PROCESS),
        Probe("database", database.look),
        Probe("migrations", migrations.look, needs=("database",)),
        Probe("secrets", stored_secrets.look, needs=("keys", *TABLES)),
        Probe("clocks", clocks.look, needs=TABLES),
        Probe("broker", broker.look, strand=Strand.BROKER),
        Probe("beat", beat.look, needs=TABLES),
        Probe("workers", workers.look, needs=TABLES),
        Probe("due", due.look, needs=TABLES),
        Probe("schedules", schedules.look, needs=TABLES),
        Probe("lanes", lanes.look, needs=(*TABLES, "broker"), strand=Strand.BROKER),
        Probe("progress", progress.look, needs=(*TABLES, "broker"), strand=Strand.BROKER),
        Probe("leases", leases.look, needs=TABLES),
        Probe("periodic-tasks", periodic_tasks.look, needs=TABLES),
        Probe("subscriptions", subscriptions.look, needs=TABLES),
        Probe("connections", connections.look, needs=TABLES),
        Probe("dead-letters", dead_letters.look, needs=TABLES),
    )
}
"""Every probe by its name, in the order in which they are asked."""


def add_probe(probe: Probe) -> None:
    """Ask this one too, after all others; for apps, when they are ready."""
    PROBES[probe.name] = probe


def chosen(names: Collection[str] = ()) -> list[Probe]:
    """Return the probes called ``names`` in their order, or all of them.

    Raises:
        KeyError: there is no such probe.
    """
    unknown = set(names) - set(PROBES)
    if unknown:
        raise KeyError(
            f"no probe is called {', '.join(sorted(unknown))}; there are {', '.join(PROBES)}"
        )
    return [probe for name, probe in PROBES.items() if not names or name in names]
