"""Webhooks to a healthy endpoint, while another one hangs."""

from benchmarks.arena import Arena
from benchmarks.quantiles import spread
from benchmarks.works.interface import Column, Figures, Size, Work, checked, who_can

PER_SECOND = 100
SECOND_HALF = 1 << 20


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Measure the same twice: alone, and with messages to the endpoint that hangs."""
    arena.receive("http")
    arena.start("webhook")
    arena.warm_up("webhook")
    alone = _paced(arena, size, first=0)
    arena.producer.ask("bulk", handler="hang", first=0, count=size.hanging)
    together = _paced(arena, size, first=SECOND_HALF)
    return {
        **{f"alone_{name}": value for name, value in alone.items()},
        **together,
        "p99_times": together["p99_ms"] / alone["p99_ms"],
        **checked(arena, [*range(size.live_tasks), *_second(size)]),
    }


def _second(size: Size) -> range:
    return range(SECOND_HALF, SECOND_HALF + size.live_tasks)


def _paced(arena: Arena, size: Size, *, first: int) -> Figures:
    """Send at a steady pace; from the call of notify to the arrival."""
    records = arena.ledger.size() + size.live_tasks
    reply = arena.producer.ask(
        "paced", handler="webhook", first=first, count=size.live_tasks, per_second=PER_SECOND
    )
    arena.wait_for_records(records)
    arrived = {execution.task: execution.start for execution in arena.ledger.executions()}
    ran = [n for n in range(size.live_tasks) if first + n in arrived]
    return spread([arrived[first + n] - reply["began"][n] for n in ran])


WORK = Work(
    name="webhooks-hanging",
    title="Webhooks to a healthy endpoint while another hangs",
    explanation=(
        f"{PER_SECOND}/s to one endpoint on idle workers; then the same again, right after 300 messages "
        "to another endpoint, which answers after 30 s. From the call of notify to the arrival."
    ),
    columns=(
        Column("alone_p50_ms", "p50 ms alone", 1),
        Column("alone_p99_ms", "p99", 1),
        Column("p50_ms", "p50 ms beside the hanging one", 1),
        Column("p99_ms", "p99", 1),
        Column("p99_times", "p99, times that alone", 2),
    ),
    run=run,
    suits=who_can("hang"),
)
