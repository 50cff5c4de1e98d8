"""Makes a peer ready to be measured: environment, schema, description."""

from pathlib import Path

from benchmarks.arena import Contender
from benchmarks.children import environment
from benchmarks.databases import create
from benchmarks.environments import interpreter
from benchmarks.folders import logs_folder
from benchmarks.peers.interface import Description
from benchmarks.peers.registry import Entry
from benchmarks.producing import Producer
from benchmarks.servers import Pair


def ready(entry: Entry, pair: Pair, ledger_folder: Path) -> Contender:
    """Install the peer if need be, and put its schema into a template database."""
    python = interpreter(entry)
    template = f"template_{entry.name}"
    variables = environment(
        database_url=create(pair, template),
        broker_url=pair.broker_url,
        ledger=ledger_folder / "unused",
    )
    log = logs_folder() / f"{entry.name}-install.log"
    log.unlink(missing_ok=True)
    with Producer(entry, python, variables, log) as producer:
        producer.ask("prepare")
        # The producer checks the keys: it builds a Description.
        description = Description(**producer.ask("describe"))  # type: ignore[typeddict-item]
    return Contender(entry, python, template, description)
