"""Latency of single tasks on idle workers."""

import time

from benchmarks.arena import Arena
from benchmarks.quantiles import spread
from benchmarks.works.draining import cpu_per_thousand
from benchmarks.works.interface import Column, Figures, Size, Work, checked, everyone

PER_SECOND = 200


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue at a steady pace; compare when each was enqueued with when it started."""
    arena.start("noop")
    arena.warm_up("noop")
    began = time.time()
    records = arena.ledger.size() + size.live_tasks
    reply = arena.producer.ask(
        "paced", handler="noop", first=0, count=size.live_tasks, per_second=PER_SECOND
    )
    arena.wait_for_records(records)
    arena.gauge.sample()
    starts = {execution.task: execution.start for execution in arena.ledger.executions()}
    ran = [i for i in range(size.live_tasks) if i in starts]
    return {
        **spread([starts[i] - reply["began"][i] for i in ran]),
        **spread([starts[i] - reply["returned"][i] for i in ran], "committed_"),
        **cpu_per_thousand(arena, began, time.time(), size.live_tasks),
        **checked(arena, range(size.live_tasks)),
    }


WORK = Work(
    name="live",
    title=f"From enqueue to start at {PER_SECOND}/s",
    explanation=(
        "Idle workers, one task each 5 ms. The time runs from the call of enqueue (so it contains "
        "the call itself) to the "
        "first line of the handler; the last columns count from the return of enqueue."
    ),
    columns=(
        Column("p50_ms", "p50 ms", 2),
        Column("p95_ms", "p95", 2),
        Column("p99_ms", "p99", 2),
        Column("max_ms", "max", 1),
        Column("cpu_total", "CPU s per 1,000, workers and servers", 3),
        Column("committed_p50_ms", "p50 ms from the call's return", 2),
        Column("committed_p99_ms", "p99", 2),
    ),
    run=run,
    suits=everyone,
)
