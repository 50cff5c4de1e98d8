"""The process that enqueues, in the peer's environment: reads one JSON request a line, answers
each with one line.

It stays up for the whole run, so that no figure contains an interpreter's start.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TextIO

from benchmarks.peers.interface import BULK_CHUNK, Peer

Reply = dict[str, Any]


def main(module: str) -> None:
    """Serve requests for the peer in `module` until standard input ends."""
    # A library that prints must not garble the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    peer: Peer = import_module(module).PEER
    serve(peer, sys.stdin, answers)


def serve(peer: Peer, requests: TextIO, answers: TextIO) -> None:
    """Answer each request in turn."""
    for line in requests:
        request: Reply = json.loads(line)
        reply = REQUESTS[request.pop("do")](peer, **request)
        answers.write(json.dumps(reply) + "\n")


def describe(peer: Peer) -> Reply:
    """The peer's description."""
    return dict(peer.describe())


def commands(peer: Peer, handler: str, scheduling: bool) -> Reply:
    """The worker side's command lines."""
    return {"commands": peer.commands(handler, scheduling=scheduling)}


def prepare(peer: Peer) -> Reply:
    """Create the schema."""
    peer.prepare()
    return {}


def open_peer(peer: Peer) -> Reply:
    """Connect."""
    peer.open()
    return {}


def waiting(peer: Peer) -> Reply:
    """How many tasks are stored."""
    return {"waiting": peer.waiting()}


def one_by_one(peer: Peer, handler: str, first: int, count: int) -> Reply:
    """Enqueue `count` tasks one by one."""
    with_cost = Cost()
    peer.enqueue(handler, range(first, first + count))
    return with_cost.reply(count)


def one_by_one_for(peer: Peer, handler: str, first: int, seconds: float) -> Reply:
    """Enqueue one by one until `seconds` have passed."""
    with_cost = Cost()
    ids = Until(first, time.monotonic() + seconds)
    peer.enqueue(handler, ids)
    return with_cost.reply(ids.given)


def bulk(peer: Peer, handler: str, first: int, count: int) -> Reply:
    """Enqueue `count` tasks in chunks with the bulk call."""
    with_cost = Cost()
    for chunk in chunks(first, count):
        peer.enqueue_bulk(handler, chunk)
    return with_cost.reply(count)


def bulk_for(peer: Peer, handler: str, first: int, seconds: float) -> Reply:
    """Enqueue chunk after chunk until `seconds` have passed."""
    with_cost = Cost()
    given = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        peer.enqueue_bulk(handler, range(first + given, first + given + BULK_CHUNK))
        given += BULK_CHUNK
    return with_cost.reply(given)


def paced(peer: Peer, handler: str, first: int, count: int, per_second: float) -> Reply:
    """Enqueue one task each 1/`per_second` s; tell when each call began and returned."""
    began, returned = [], []
    start = time.time()
    for n in range(count):
        pause = start + n / per_second - time.time()
        if pause > 0:
            time.sleep(pause)
        began.append(time.time())
        peer.enqueue(handler, (first + n,))
        returned.append(time.time())
    return {"began": began, "returned": returned}


def at(peer: Peer, handler: str, first: int, times: list[float]) -> Reply:
    """Enqueue one task for each of `times`, one by one."""
    with_cost = Cost()
    peer.enqueue_at(handler, enumerate(times, first))
    return with_cost.reply(len(times))


def later(
    peer: Peer, handler: str, first: int, count: int, start: float, span: float, seconds: float
) -> Reply:
    """Enqueue up to `count` tasks spread over [start, start + span), giving up after `seconds`."""
    with_cost = Cost()
    given = 0
    deadline = time.monotonic() + seconds
    for chunk in chunks(first, count):
        if time.monotonic() > deadline:
            break
        peer.enqueue_bulk_at(handler, [(i, start + span * (i - first) / count) for i in chunk])
        given += len(chunk)
    return with_cost.reply(given)


def declare(peer: Peer, count: int, cron: str, upcoming: int) -> Reply:
    """Store schedules."""
    peer.declare(count, cron, upcoming)
    return {}


def render(peer: Peer, count: int) -> Reply:
    """Render messages."""
    return {"seconds": peer.render(count)}


def chunks(first: int, count: int) -> Iterator[range]:
    """The ids from `first`, `BULK_CHUNK` at a time."""
    for begin in range(first, first + count, BULK_CHUNK):
        yield range(begin, min(begin + BULK_CHUNK, first + count))


class Until:
    """Ids from `first` on until a deadline on the monotonic clock."""

    def __init__(self, first: int, deadline: float) -> None:
        self.first = first
        self.given = 0
        self._deadline = deadline

    def __iter__(self) -> Iterator[int]:
        while time.monotonic() < self._deadline:
            yield self.first + self.given
            self.given += 1


class Cost:
    """Wall clock and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def reply(self, count: int) -> Reply:
        """What `count` tasks cost."""
        return {
            "count": count,
            "seconds": time.perf_counter() - self._wall,
            "cpu_seconds": time.process_time() - self._cpu,
        }


REQUESTS: Mapping[str, Callable[..., Reply]] = {
    "describe": describe,
    "commands": commands,
    "prepare": prepare,
    "open": open_peer,
    "waiting": waiting,
    "one_by_one": one_by_one,
    "one_by_one_for": one_by_one_for,
    "bulk": bulk,
    "bulk_for": bulk_for,
    "paced": paced,
    "at": at,
    "later": later,
    "declare": declare,
    "render": render,
}

if __name__ == "__main__":
    main(sys.argv[1])
