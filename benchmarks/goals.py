"""What Bellringer promises of itself, checked against the same run's figures."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.peers.registry import (
    BARE_CELERY,
    CELERY_MESSAGES,
    OURS,
    PEERS,
    PGQUEUER_MESSAGES,
    TASKIQ_MESSAGES,
)
from benchmarks.results import Results

Value = Callable[[Results], float | None]


@dataclass(frozen=True)
class Goal:
    """A limit on a value that is worked out from the medians; `sign` is "≥" or "≤"."""

    text: str
    value: Value
    sign: str
    limit: float
    decimals: int = 2

    def met(self, results: Results) -> bool | None:
        """Whether it holds; None if something it needs was not measured."""
        value = self.value(results)
        if value is None:
            return None
        return value >= self.limit if self.sign == "≥" else value <= self.limit


def ours(work: str, figure: str) -> Value:
    """The median of one of our figures."""
    return lambda results: results.median(work, OURS.name, figure)


def celerys(work: str, figure: str) -> Value:
    """The median of one of bare Celery's figures."""
    return lambda results: results.median(work, BARE_CELERY.name, figure)


def fastest_durable_peers(work: str, figure: str) -> Value:
    """The largest median among the other durable peers."""

    def largest(results: Results) -> float | None:
        others = (entry.name for entry in PEERS.values() if entry.durable and entry != OURS)
        medians = [results.median(work, name, figure) for name in others]
        return max((value for value in medians if value is not None), default=None)

    return largest


def ratio(value: Value, base: Value) -> Value:
    """One value by another."""

    def divided(results: Results) -> float | None:
        above, below = value(results), base(results)
        return above / below if above is not None and below else None

    return divided


_RATE = ours("noop", "per_s")
TASK_GOALS = (
    Goal("no-op drain, times bare Celery", ratio(_RATE, celerys("noop", "per_s")), "≥", 12, 1),
    Goal(
        "no-op drain, times the fastest other durable peer",
        ratio(_RATE, fastest_durable_peers("noop", "per_s")),
        "≥",
        1.5,
    ),
    Goal(
        "enqueuing one by one, times bare Celery's `delay`",
        ratio(ours("enqueue", "per_s"), celerys("enqueue", "per_s")),
        "≥",
        1,
    ),
    Goal("`enqueue_many`, rows/s", ours("enqueue-many", "per_s"), "≥", 40_000, 0),
    Goal("enqueue to start at 200/s, p50 ms", ours("live", "p50_ms"), "≤", 2.5),
    Goal("enqueue to start at 200/s, p99 ms", ours("live", "p99_ms"), "≤", 10),
    Goal("lateness of scheduled tasks, p50 ms", ours("scheduled", "p50_ms"), "≤", 4),
    Goal("lateness of scheduled tasks, p99 ms", ours("scheduled", "p99_ms"), "≤", 15),
    Goal("scheduled tasks that started early", ours("scheduled", "early"), "≤", 0, 0),
    Goal(
        "lateness with 1,000,000 later tasks, p50, times that without",
        ratio(ours("scheduled-later", "p50_ms"), ours("scheduled", "p50_ms")),
        "≤",
        1.25,
    ),
    Goal(
        "lateness with 1,000,000 later tasks, p99, times that without",
        ratio(ours("scheduled-later", "p99_ms"), ours("scheduled", "p99_ms")),
        "≤",
        1.25,
    ),
    Goal(
        "drain among 10,000,000 other rows, times the empty table's",
        ratio(ours("crowded", "per_s"), _RATE),
        "≥",
        0.8,
    ),
    Goal(
        "drain beside a transaction open for 300,000 tasks, times that without",
        ratio(ours("long-transaction", "per_s"), _RATE),
        "≥",
        0.8,
    ),
    Goal(
        "no-op drain, times that without events",
        ratio(_RATE, ours("eventless", "per_s")),
        "≥",
        0.85,
    ),
    Goal("a scrape of /metrics among 10,000,000 tasks, p95 ms", ours("scrape", "p95_ms"), "≤", 100),
    Goal("CPU seconds per 1,000 no-op tasks", ours("noop", "cpu_total"), "≤", 0.15, 3),
    Goal("10 ms handlers in two processes, tasks/s", ours("occupied", "per_s"), "≥", 180, 1),
    Goal(
        "a million due at once, drain, times the rate above",
        ratio(ours("flood", "per_s"), _RATE),
        "≥",
        0.8,
    ),
    Goal("a million due at once, Valkey's peak, MB", ours("flood", "broker_mb"), "≤", 50, 1),
    Goal("beat idle, % of a core", ours("idle", "cpu_percent"), "≤", 1),
    Goal("10,000 schedules at once, all fired after, s", ours("schedule-burst", "fired_s"), "≤", 2),
    Goal("schedules due each second, late p99 ms", ours("schedule-seconds", "p99_ms"), "≤", 100),
    Goal(
        "beat with 100,000 idle schedules, % of a core",
        ours("schedule-idle", "cpu_percent"),
        "≤",
        5,
    ),
    Goal("beat idle, queries/s (without BEGIN and COMMIT)", ours("idle", "queries_per_s"), "≤", 5),
)

MESSAGE_GOALS = (
    Goal(
        "webhooks, times Celery with threads and requests",
        ratio(
            ours("webhooks", "per_s"),
            lambda results: results.median("webhooks", CELERY_MESSAGES, "per_s"),
        ),
        "≥",
        6,
        1,
    ),
    Goal(
        "webhooks, times taskiq with aiohttp",
        ratio(
            ours("webhooks", "per_s"),
            lambda results: results.median("webhooks", TASKIQ_MESSAGES, "per_s"),
        ),
        "≥",
        1,
    ),
    Goal(
        "webhooks, times pgqueuer with aiohttp",
        ratio(
            ours("webhooks", "per_s"),
            lambda results: results.median("webhooks", PGQUEUER_MESSAGES, "per_s"),
        ),
        "≥",
        1,
    ),
    Goal(
        "a healthy endpoint's p99 beside a hanging one, times that alone",
        ours("webhooks-hanging", "p99_times"),
        "≤",
        1.2,
    ),
    Goal(
        "mails, times a Celery task for each",
        ratio(
            ours("mails", "per_s"),
            lambda results: results.median("mails", CELERY_MESSAGES, "per_s"),
        ),
        "≥",
        5,
        1,
    ),
    Goal("rendering, ms a message", ours("rendering", "ms"), "≤", 0.2, 3),
)
