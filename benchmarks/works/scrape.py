"""What Prometheus waits for when there are ten million tasks."""

import time
import urllib.error
import urllib.request
from typing import LiteralString

import psycopg

from benchmarks.arena import Arena, StuckError
from benchmarks.crowd import crowded_template
from benchmarks.peers.interface import python
from benchmarks.quantiles import spread
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only
from scheduler_project.embedded.ports import free_port

SCRAPES = 50
WARM_UP_SCRAPES = 3
TOKEN = "a-token-for-nothing-but-this-benchmark"
PATIENCE_SECONDS = 300.0
SAMPLE: LiteralString = "SELECT value FROM tasks_core_metricsample WHERE measure = 'sampling'"
COUNTED: LiteralString = """
    SELECT delivered FROM tasks_core_eventsubscription
    WHERE name = 'metrics' AND target_snapshot IS NULL AND delivered > 0
"""


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Let beat count once, then scrape one web process while beat goes on."""
    arena.start("noop", only="beat")
    with psycopg.connect(arena.database_url, autocommit=True) as session:
        sampling = _wait_for(session, SAMPLE)
        _wait_for(session, COUNTED)
    address = _web(arena)
    for _ in range(WARM_UP_SCRAPES):
        _scrape(address)
    times, length = [], 0
    for _ in range(SCRAPES):
        seconds, length = _scrape(address)
        times.append(seconds)
    return {**spread(times), "bytes": length, "sampling_s": sampling / 1000}


def _web(arena: Arena) -> str:
    port = free_port()
    arena.set_variables(
        METRICS_TOKEN=TOKEN, DJANGO_SETTINGS_MODULE="benchmarks.bellringer.settings"
    )
    arena.start_process(
        "web",
        python("-m", "gunicorn", "scheduler_project.wsgi", "--bind", f"127.0.0.1:{port}"),
    )
    address = f"http://127.0.0.1:{port}/metrics"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _scrape(address)
        except urllib.error.HTTPError as error:
            raise StuckError(f"the web process answers {error}") from error
        except OSError as error:
            if time.monotonic() > deadline:
                raise StuckError(f"the web process does not answer: {error}") from error
            time.sleep(0.1)
        else:
            return address


def _scrape(address: str) -> tuple[float, int]:
    request = urllib.request.Request(
        address, headers={"Authorization": f"Bearer {TOKEN}", "Host": "localhost"}
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:
        length = len(response.read())
    return time.perf_counter() - began, length


def _wait_for(session: psycopg.Connection, query: LiteralString) -> int:
    """Return what the query finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if row := session.execute(query).fetchone():
            return int(row[0])
        time.sleep(0.2)
    raise StuckError(f"beat has not counted within {PATIENCE_SECONDS:.0f} s")


WORK = Work(
    name="scrape",
    title="A scrape of the metrics among ten million tasks",
    explanation=(
        f"{SCRAPES} requests for `/metrics`, one after the other, to one web process, in a table "
        "that holds 5,000,000 finished tasks and 5,000,000 that are due in an hour to a month, "
        "while beat runs. The last column is how long beat takes to count the tasks."
    ),
    columns=(
        Column("p50_ms", "p50 ms", 1),
        Column("p95_ms", "p95", 1),
        Column("max_ms", "max", 1),
        Column("bytes", "bytes"),
        Column("sampling_s", "sampling, s", 2),
    ),
    run=run,
    suits=ours_only,
    template=crowded_template,
)
