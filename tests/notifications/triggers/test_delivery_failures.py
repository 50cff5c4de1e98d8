"""Deliveries against real servers that fail in every way."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from notifications.models import TriggerEvent
from notifications.sending.outgoing.connecting import NOWHERE
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.notifications.conftest import Install
from tests.notifications.triggers.conftest import MakeEvent, deliver, invocations
from tests.support.receiver import Receiver, Reply
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def client_error_of(event: TriggerEvent) -> tuple[int, str]:
    """Give status and message of the only log row, which has no response."""
    [row] = invocations(event)
    assert row.response["type"] == "client_error"
    assert row.response["version"] == "1"
    return row.status, row.response["data"]["message"]


@contextmanager
def raw_server(answer: bytes) -> Iterator[int]:
    """Serve one connection: read a request, write ``answer``, hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


@pytest.mark.parametrize("status", [300, 400, 404, 429, 500, 503])
def test_anything_else_than_2xx_is_an_error(
    make_event: MakeEvent, receiver: Receiver, status: int
) -> None:
    receiver.plan(Reply(status))
    event = deliver(make_event())
    assert (event.status, event.tries) == ("error", 1)
    assert [one.status for one in invocations(event)] == [status]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(make_event: MakeEvent, receiver: Receiver, status: int) -> None:
    receiver.plan(Reply(status, {"Location": receiver.url}))
    event = deliver(make_event())
    assert event.status == "error"
    assert len(receiver.received) == 1
    assert "redirects are not followed" in event.reason


def test_a_webhook_that_takes_longer_than_timeout_seconds_is_1000(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    try:
        event = deliver(make_event(retry_conf={"timeout_seconds": 1}))
    finally:
        release.set()
    assert event.status == "error"
    assert client_error_of(event) == (1000, "no answer within 1 s")


def test_timeout_seconds_may_be_longer_than_the_limit_of_notifications(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 0.2
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    timer = threading.Timer(0.6, release.set)
    timer.start()
    assert deliver(make_event(retry_conf={"timeout_seconds": 20})).status == "delivered"
    timer.join()


def test_a_refused_connection_is_1000(make_event: MakeEvent) -> None:
    event = deliver(make_event(webhook=f"http://127.0.0.1:{closed_port()}/"))
    assert event.status == "error"
    assert client_error_of(event) == (1000, "no connection: connection refused")


def test_a_name_that_does_not_resolve_is_1000(make_event: MakeEvent, names: Install) -> None:
    names(lambda _: [])
    event = deliver(make_event(webhook="http://nowhere.invalid/"))
    assert event.status == "error"
    assert client_error_of(event) == (1000, f"no connection: {NOWHERE}")


@pytest.mark.parametrize(
    "answer", [b"SMTP 220 ready\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff" * 40 + b"\r\n\r\n"]
)
def test_a_response_that_is_not_http_is_1001(make_event: MakeEvent, answer: bytes) -> None:
    with raw_server(answer) as port:
        event = deliver(make_event(webhook=f"http://127.0.0.1:{port}/"))
    assert event.status == "error"
    assert client_error_of(event) == (1001, "the response is not HTTP")


def test_a_server_that_hangs_up_is_1000(make_event: MakeEvent) -> None:
    with raw_server(b"") as port:
        event = deliver(make_event(webhook=f"http://127.0.0.1:{port}/"))
    status, message = client_error_of(event)
    assert status == 1000
    assert "connection failed before the answer" in message


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return folder / "certificate.pem", folder / "key.pem"


def test_a_certificate_that_nobody_trusts_is_1000(make_event: MakeEvent, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    return  # the client has refused the certificate

        thread = threading.Thread(target=serve)
        thread.start()
        event = deliver(make_event(webhook=f"https://127.0.0.1:{server.getsockname()[1]}/"))
        thread.join(10)
    assert event.status == "error"
    status, message = client_error_of(event)
    assert status == 1000
    assert "TLS failed" in message or "CertificateError" in message


def test_tls_with_a_server_that_has_none_is_1000(make_event: MakeEvent) -> None:
    with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        event = deliver(make_event(webhook=f"https://127.0.0.1:{port}/"))
    status, message = client_error_of(event)
    assert (event.status, status) == ("error", 1000)
    assert "TLS failed" in message


def test_an_inner_address_is_refused_by_the_guard_and_not_tried_again(
    make_event: MakeEvent, receiver: Receiver, settings: Settings
) -> None:
    event = make_event(retry_conf={"num_retries": 5})
    settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_ALLOWED_NETWORKS": []}
    assert deliver(event).status == "error"
    assert client_error_of(event) == (1000, "address not allowed")
    assert receiver.received == []


def test_an_answer_larger_than_the_limit_delivers_and_is_cut(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(body=b"x" * 1_000_000))
    event = deliver(make_event())
    assert event.status == "delivered"
    [row] = invocations(event)
    assert len(row.response["data"]["body"]) == 20_000


def test_a_slow_webhook_delays_no_other(make_event: MakeEvent, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    events = [make_event().pk for _ in range(6)]
    [lane] = waiting_lanes()
    due = take_due([(lane, 10)], ["trigger.deliver"], now=clock.now())
    queued = Task.objects.filter(state="QUEUED").values_list("pk", flat=True)
    ids = sorted({*queued, *(task.id for task in due)})
    assert len(ids) == 6
    execute("trigger.deliver", ids, worker="test")

    def statuses() -> list[str]:
        found = TriggerEvent.objects.filter(pk__in=events).values_list("status", flat=True)
        return sorted(found)

    try:
        # The first request to come is the one that gets no answer yet, whichever event it is of.
        wait_until(lambda: statuses() == ["delivered"] * 5 + ["locked"])
    finally:
        release.set()
    process = worker_process.current()
    assert process.loop.wait_until_idle(seconds=30)
    process.outcomes.flush()
    assert statuses() == ["delivered"] * 6
