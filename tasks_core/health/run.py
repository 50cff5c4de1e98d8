"""Ask the probes."""

from collections.abc import Collection

from django.db import Error, connections, transaction

from tasks_core import database as platform_database
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.health.finding import Finding, Level, worst
from tasks_core.health.probe import Probe, Reporter
from tasks_core.health.probes import chosen

PATIENCE = "5s"
"""Longest time that one statement of a probe may take."""


def examine(names: Collection[str] = ()) -> list[Finding]:
    """Return what the probes called ``names`` find, or all of them, asked one after the other.

    Connections and statements have time limits; see ``examine_in_time`` for one on the whole. A probe whose
    part depends on another that was found UNHEALTHY in the same call is not asked.

    Raises:
        KeyError: there is no such probe.
    """
    findings: dict[str, list[Finding]] = {}
    for probe in chosen(names):
        needed = {need: findings.get(need, []) for need in probe.needs}
        findings[probe.name] = answer_of(probe, needed)
    return [finding for found in findings.values() for finding in found]


def answer_of(probe: Probe, needed: dict[str, list[Finding]], patience: str = "") -> list[Finding]:
    """Return what one probe finds; ``needed`` is what was found by those it depends on."""
    ill = first_ill(needed)
    return [not_looked_at(probe.name, ill)] if ill else _ask(probe, patience or PATIENCE)


def first_ill(needed: dict[str, list[Finding]]) -> str:
    """Return the first that is UNHEALTHY, or was not looked at because another one is; else nothing."""
    bad = (Level.UNHEALTHY, Level.UNKNOWN)
    return next((need for need, found in needed.items() if worst(found) in bad), "")


def not_looked_at(name: str, because_of: str) -> Finding:
    """Return the finding of a probe that makes no sense now."""
    return Reporter(name).unknown(f"not looked at, because of the {because_of}")


def _ask(probe: Probe, patience: str) -> list[Finding]:
    try:
        if probe.needs:
            return _ask_in_time(probe, patience)
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


def _ask_in_time(probe: Probe, patience: str) -> list[Finding]:
    with transaction.atomic(using=platform_database.alias()):
        with platform_database.connection().cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{patience}'")
        return list(probe.look())
