"""The harness's end of the producer process."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.children import end_tree, spawn
from benchmarks.peers.registry import Entry


class ProducerError(RuntimeError):
    """The producer process ended in the middle of a request."""


class Producer:
    """Asks the peer's process to enqueue (see `benchmarks.producer`)."""

    def __init__(
        self, entry: Entry, python: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        self._process = spawn(
            [str(python), "-m", "benchmarks.producer", entry.module],
            environment=environment,
            log=log,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> "Producer":
        return self

    def __exit__(self, *error: object) -> None:
        end_tree(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None  # noqa: PT018 both are pipes
        try:
            requests.write(json.dumps({"do": do, **arguments}) + "\n")
            answer = answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ProducerError(
                f"the producer ended at {do!r}; its log is {self._log}:\n{_tail(self._log)}"
            )
        reply: dict[str, Any] = json.loads(answer)
        return reply


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
