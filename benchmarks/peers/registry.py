"""Who is measured. To add one: a file beside this, its locked requirements, and a line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One peer as the harness knows it; the rest it asks the peer's own process."""

    name: str
    module: str
    #: The file `requirements/<name>.txt`; None means the project's own environment.
    requirements: str | None
    #: Whether a task, or at least its result, is in PostgreSQL.
    durable: bool
    #: No-op tasks a second to expect, only to choose the size of the first run.
    drain_rate: int


OURS = Entry("bellringer", "benchmarks.peers.bellringer", None, durable=True, drain_rate=10_000)
CELERY_MESSAGES, TASKIQ_MESSAGES = "celery-messages", "taskiq-messages"
PGQUEUER_MESSAGES = "pgqueuer-messages"
BARE_CELERY = Entry(
    "celery", "benchmarks.peers.bare_celery", "celery", durable=False, drain_rate=1_050
)


def _peer(name: str, *, durable: bool, drain_rate: int) -> Entry:
    file = name.replace("-", "_")
    return Entry(name, f"benchmarks.peers.{file}", file, durable, drain_rate)


PEERS = {
    entry.name: entry
    for entry in (
        OURS,
        BARE_CELERY,
        _peer("celery-results", durable=True, drain_rate=520),
        _peer("pgqueuer", durable=True, drain_rate=6_700),
        _peer("chancy", durable=True, drain_rate=5_000),
        _peer("procrastinate", durable=True, drain_rate=450),
        _peer("django-q2", durable=True, drain_rate=470),
        _peer("django-tasks", durable=True, drain_rate=450),
        _peer("dramatiq", durable=False, drain_rate=4_200),
        _peer("huey", durable=False, drain_rate=4_900),
        _peer("taskiq", durable=False, drain_rate=5_900),
        _peer("celery-messages", durable=False, drain_rate=660),
        _peer("taskiq-messages", durable=False, drain_rate=3_000),
        _peer("pgqueuer-messages", durable=True, drain_rate=5_000),
    )
}
