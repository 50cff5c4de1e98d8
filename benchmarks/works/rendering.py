"""Messages from one template."""

from benchmarks.arena import Arena
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Render in the producer's process."""
    seconds = arena.producer.ask("render", count=size.rendered)["seconds"]
    return {"ms": seconds / size.rendered * 1000, "per_s": size.rendered / seconds}


WORK = Work(
    name="rendering",
    title="10,000 messages from one template",
    explanation="From the stored variables of a notification to subject and text.",
    columns=(Column("ms", "ms each", 3), Column("per_s", "messages/s")),
    run=run,
    suits=ours_only,
)
