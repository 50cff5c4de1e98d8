"""What reaches Sentry: a transport that records, and a local server that takes envelopes from processes."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from scheduler_project.error_reports import attempts, client
from tasks_core import instrumentation
from tests.support.receiver import Receiver, running_receiver

Event = dict[str, Any]


class Reports:
    """Envelopes as they would go over the wire."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []

    def add(self, envelope: Envelope) -> None:
        self.raw.append(envelope.serialize())

    @property
    def text(self) -> str:
        return b"\n".join(self.raw).decode()

    def items(self, kind: str) -> list[Event]:
        """Return the items of a kind: ``event`` or ``check_in``."""
        return [
            json.loads(item.get_bytes())
            for raw in self.raw
            for item in Envelope.deserialize(raw).items
            if item.headers.get("type") == kind
        ]

    @property
    def events(self) -> list[Event]:
        return self.items("event")

    @property
    def check_ins(self) -> list[Event]:
        return self.items("check_in")


@contextmanager
def recorded_reports(**options: Any) -> Iterator[Reports]:
    """Configure Sentry as the project does, with a transport that records."""
    reports = Reports()

    class Recording(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            reports.add(envelope)

    client.configure("http://key@127.0.0.1:1/1", transport=Recording, **options)
    try:
        yield reports
    finally:
        instrumentation.remove_watcher(attempts.reported)
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.get_global_scope().set_client(None)


class SentryServer(Reports):
    """A Sentry that processes reach by its DSN."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.dsn = f"http://key@127.0.0.1:{receiver.port}/1"

    @property
    def raw(self) -> list[bytes]:  # type: ignore[override]
        return [
            gzip.decompress(seen.body)
            if seen.headers.get("content-encoding") == "gzip"
            else seen.body
            for seen in list(self._receiver.received)
        ]


@contextmanager
def running_sentry() -> Iterator[SentryServer]:
    with running_receiver() as receiver:
        yield SentryServer(receiver)


def values_of(event: Event) -> list[str]:
    """Return the texts of an event's exceptions."""
    return [one["value"] for one in event["exception"]["values"]]


def as_text(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False)
