"""`python -m benchmarks`: measure, then write the report."""

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rich.console import Console

from benchmarks.arguments import Arguments, parse
from benchmarks.books import BOOKS
from benchmarks.campaign import Campaign
from benchmarks.children import end_strays
from benchmarks.folders import RAW, SOURCE, bench_folder
from benchmarks.progress import Progress
from benchmarks.report import report
from benchmarks.results import Results
from scheduler_project.embedded.locks import Lock

REFUSED = 2
INTERRUPTED = 130


def main(command_line: Sequence[str]) -> int:
    """Return the exit status: 0, 1 if a peer failed, 2 if refused, 130 if interrupted."""
    arguments = parse(command_line)
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    with Lock(bench_folder() / "lock") as lock:
        if not lock.take():
            console.print("Another benchmark is running in this checkout; wait for it to end.")
            return REFUSED
        return _run(arguments, console)


def _run(arguments: Arguments, console: Console) -> int:
    raw = RAW.with_stem("results-quick") if arguments.quick else RAW
    results = Results(raw)
    campaign = Campaign(arguments, results, Progress(console))
    if not arguments.report:
        end_strays()
        try:
            campaign.conduct()
        except KeyboardInterrupt:
            console.print(
                f"Stopped. {raw} keeps what was finished; the same command goes on there."
            )
            return INTERRUPTED
    _write(arguments, results, console)
    for failure in campaign.failures:
        console.print(failure, style="red", markup=False)
    return 1 if campaign.failures else 0


def _write(arguments: Arguments, results: Results, console: Console) -> None:
    # Tiny sizes give no figures worth publishing.
    folder = bench_folder() / "quick" if arguments.quick else SOURCE
    folder.mkdir(exist_ok=True)
    for book in BOOKS:
        if book.works.keys() & set(arguments.works):
            path = folder / book.file
            path.write_text(report(results, book))
            console.print(f"Wrote {path}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
