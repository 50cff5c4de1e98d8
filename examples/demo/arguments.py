"""The demo's command line."""

import argparse
from pathlib import Path

EVENTS_FILE = Path(__file__).parents[1] / "payments" / "events.jsonl"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="make demo ARGS='...'",
        description="Start the platform and send a day of payment events through it.",
    )
    parser.add_argument(
        "--exit", action="store_true", help="stop after the table, instead of staying up"
    )
    parser.add_argument(
        "--events", type=_positive, metavar="N", help="announce only the first N events"
    )
    parser.add_argument(
        "--file",
        type=_readable,
        default=EVENTS_FILE,
        metavar="PATH",
        help="events to announce, JSON lines as in examples/payments/events.jsonl",
    )
    parser.add_argument("--report", type=Path, metavar="PATH", help="write the totals as JSON too")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 up")
    return number


def _readable(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return path
