"""What all works share that start workers on a backlog and watch it go."""

import time

from benchmarks.arena import Arena
from benchmarks.works.interface import Figures, checked

#: Batched bookkeeping may follow the last execution; its CPU counts, for every peer alike.
AFTERMATH_SECONDS = 1.0


def enqueue_half_and_half(arena: Arena, handler: str, count: int) -> Figures:
    """Enqueue the first half one by one, the second half in bulk; return the producer's CPU."""
    half = count // 2
    first = arena.producer.ask("one_by_one", handler=handler, first=0, count=half)
    bulk = "bulk" if arena.contender.description["bulk"] else "one_by_one"
    second = arena.producer.ask(bulk, handler=handler, first=half, count=count - half)
    cpu = first["cpu_seconds"] + second["cpu_seconds"]
    return {"cpu_producer": cpu / count * 1000}


def drain(arena: Arena, handler: str, count: int) -> Figures:
    """Start the workers, wait until all of `count` tasks ran, and tell rate, CPU and memory."""
    arena.gauge.sample()
    arena.start(handler)
    arena.wait_for_records(count)
    executions = list(arena.ledger.executions())
    if not executions:
        return checked(arena, range(count))
    began = min(execution.start for execution in executions)
    ended = max(execution.end for execution in executions)
    time.sleep(max(0.0, ended + AFTERMATH_SECONDS - time.time()))
    arena.gauge.sample()
    return {
        "span_s": ended - began,
        "per_s": len(executions) / (ended - began),
        **cpu_per_thousand(arena, began, ended + AFTERMATH_SECONDS, len(executions)),
        "rss_mb": arena.gauge.peak_resident(*arena.worker_names) / 1e6,
        **checked(arena, range(count)),
    }


def cpu_per_thousand(arena: Arena, began: float, ended: float, count: int) -> Figures:
    """CPU seconds for a thousand tasks: workers, each server, and all of these together."""
    thousands = count / 1000
    gauge = arena.gauge
    spent = {
        "cpu_workers": sum(gauge.cpu_seconds(name, began, ended) for name in arena.worker_names),
        "cpu_postgres": gauge.cpu_seconds("postgres", began, ended),
        "cpu_valkey": gauge.cpu_seconds("valkey", began, ended),
    }
    per_thousand = {name: seconds / thousands for name, seconds in spent.items()}
    return {**per_thousand, "cpu_total": sum(per_thousand.values())}
