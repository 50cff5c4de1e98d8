"""Mails to a local server."""

from benchmarks.arena import Arena
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, who_can


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue, then start the workers."""
    arena.receive("smtp")
    produced = enqueue_half_and_half(arena, "mail", size.mails)
    figures = drain(arena, "mail", size.mails)
    figures["took_s"] = figures.pop("span_s")  # the number is given, however long it takes
    return {**produced, **figures}


WORK = Work(
    name="mails",
    title="10,000 mails",
    explanation=(
        "Short mails to a local SMTP server, two worker processes. All are enqueued before the workers "
        "start. Rate: first arrival to last. Bellringer's way is the whole pipeline, with a template and "
        "every attempt on record."
    ),
    columns=(
        Column("per_s", "mails/s"),
        Column("cpu_workers", "CPU s per 1,000: workers", 3),
        Column("cpu_postgres", "PostgreSQL", 3),
        Column("cpu_total", "together", 3),
        Column("cpu_producer", "producer", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
        Column("took_s", "span, s", 1),
    ),
    run=run,
    suits=who_can("mail"),
)
