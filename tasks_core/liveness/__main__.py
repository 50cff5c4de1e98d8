"""`python -m tasks_core.liveness worker`: a liveness probe that starts in a few hundredths of a second."""

import argparse
import os
import sys
from pathlib import Path

from tasks_core.liveness.folder import runtime_folder
from tasks_core.liveness.verdict import verdict_on


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict; return 0 if the process does its work, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks_core.liveness",
        description="Say whether the worker or beat on this machine does its work; exit with 1 if not.",
    )
    parser.add_argument("role", choices=("worker", "beat"))
    parser.add_argument("--name", default="", help="such as celery@host; else every one must work")
    parser.add_argument(
        "--folder", type=Path, help="where it reports; else BELLRINGER_RUNTIME_FOLDER"
    )
    options = parser.parse_args(arguments)
    folder = options.folder or runtime_folder(os.environ)
    verdict = verdict_on(options.role, options.name, folder)
    sys.stdout.write(f"{verdict.message}\n")
    return 0 if verdict.is_alive else 1


if __name__ == "__main__":
    sys.exit(main())
