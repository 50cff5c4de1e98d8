"""The totals as JSON, for scripts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from examples.demo.checks import Check
from examples.demo.summary import Summary


def write(path: Path, run: str, summary: Summary, checks: Sequence[Check]) -> None:
    """Write what the table shows."""
    document = {"run": run, **asdict(summary), "checks": [asdict(check) for check in checks]}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
