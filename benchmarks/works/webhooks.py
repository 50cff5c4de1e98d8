"""Signed webhooks to a receiver that answers after 20 ms."""

from benchmarks.arena import Arena
from benchmarks.ledger import most_at_once
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, who_can


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue, then start the workers."""
    arena.receive("http")
    produced = enqueue_half_and_half(arena, "webhook", size.webhooks)
    figures = drain(arena, "webhook", size.webhooks)
    figures["took_s"] = figures.pop("span_s")  # the number is given, however long it takes
    figures["at_once"] = most_at_once(arena.ledger.executions())
    cpu = arena.gauge.cpu_seconds("receiver", 0.0, float("inf")) / size.webhooks * 1000
    return {**produced, **figures, "cpu_receiver": cpu}


WORK = Work(
    name="webhooks",
    title="20,000 signed webhooks",
    explanation=(
        "To a local receiver that answers after 20 ms; two worker processes, at most 200 in flight. "
        "All are enqueued before the workers start. Rate: first arrival to last answer; in flight is "
        "what the receiver has not answered yet, for Bellringer bounded by 100 connections a process. "
        "Its way is the whole pipeline: messages are written from a template when they are enqueued, "
        "every attempt is on record with request and response, and each endpoint has its lane."
    ),
    columns=(
        Column("per_s", "webhooks/s"),
        Column("at_once", "most in flight"),
        Column("cpu_workers", "CPU s per 1,000: workers", 3),
        Column("cpu_postgres", "PostgreSQL", 3),
        Column("cpu_valkey", "Valkey", 3),
        Column("cpu_total", "together", 3),
        Column("cpu_receiver", "receiver", 3),
        Column("cpu_producer", "producer", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
        Column("took_s", "span, s", 1),
    ),
    run=run,
    suits=who_can("webhook"),
)
