"""Ask all probes, in an order in which one explains the next."""

from __future__ import annotations

from collections.abc import Collection

from django.db import Error, connections, transaction

from tasks_core import database as platform_database
from tasks_core.platform_health import (
    beat,
    broker,
    configuration,
    database,
    dead_letters,
    due,
    keys,
    lanes,
    leases,
    periodic_tasks,
    schedules,
    subscriptions,
    workers,
)
from tasks_core.platform_health.finding import Finding, Level, worst
from tasks_core.platform_health.probe import Probe, Reporter
from tasks_core.publisher import BrokerUnavailable

PATIENCE = "5s"
"""Longest time that one statement of a probe may take."""

PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        Probe("configuration", configuration.look),
        Probe("keys", keys.look),
        Probe("database", database.look),
        Probe("broker", broker.look),
        Probe("beat", beat.look, needs=("database",)),
        Probe("workers", workers.look, needs=("database",)),
        Probe("due", due.look, needs=("database",)),
        Probe("schedules", schedules.look, needs=("database",)),
        Probe("lanes", lanes.look, needs=("database", "broker")),
        Probe("leases", leases.look, needs=("database",)),
        Probe("periodic-tasks", periodic_tasks.look, needs=("database",)),
        Probe("subscriptions", subscriptions.look, needs=("database",)),
        Probe("dead-letters", dead_letters.look, needs=("database",)),
    )
}
"""Every probe by its name, in the order in which they are asked."""


def examine(names: Collection[str] = ()) -> list[Finding]:
    """Return what the probes called ``names`` find, or all of them.

    It takes seconds at most: connections and statements have time limits. A probe whose part depends on
    another that was found UNHEALTHY in the same call is not asked.

    Raises:
        KeyError: there is no such probe.
    """
    unknown = set(names) - set(PROBES)
    if unknown:
        raise KeyError(
            f"no probe is called {', '.join(sorted(unknown))}; there are {', '.join(PROBES)}"
        )
    findings: dict[str, list[Finding]] = {}
    for name, probe in PROBES.items():
        if names and name not in names:
            continue
        ill = [need for need in probe.needs if worst(findings.get(need, ())) is Level.UNHEALTHY]
        reason = f"not looked at, because of the {ill[0]}" if ill else ""
        findings[name] = [Reporter(name).unknown(reason)] if reason else _ask(probe)
    return [finding for found in findings.values() for finding in found]


def _ask(probe: Probe) -> list[Finding]:
    try:
        if probe.needs:
            return _ask_in_time(probe)
        return list(probe.look())
    except BrokerUnavailable as error:
        return [Reporter(probe.name).unknown(f"the broker cannot be asked: {error}")]
    except Error as error:
        connections[platform_database.alias()].close_if_unusable_or_obsolete()
        first_line = str(error).partition("\n")[0]
        return [
            Reporter(probe.name).unhealthy(
                f"the database did not answer: {first_line}", "look at the database's log and load"
            )
        ]


def _ask_in_time(probe: Probe) -> list[Finding]:
    with transaction.atomic(using=platform_database.alias()):
        with platform_database.connection().cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        return list(probe.look())
