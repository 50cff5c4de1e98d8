"""Names whose answers change, lie, or do not come: what was checked is what is connected to."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from notifications.sending.outgoing import lookups
from notifications.sending.outgoing.connecting import NOWHERE, _guarded_socket
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, post
from notifications.sending.outgoing.guard import EVERY_PORT, AddressNotAllowed
from notifications.sending.outgoing.session import close_session
from tests.notifications.conftest import Install
from tests.support.name_server import Answers, running_name_server
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.talkative_server import until

pytestmark = [pytest.mark.usefixtures("closing_session"), pytest.mark.guarantee(n=5)]


def answer(address: str, port: int) -> tuple[Any, ...]:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


class _Silent(BaseHTTPRequestHandler):
    """Counts who came, answers, and closes: the next request needs a lookup of its own."""

    seen: "Counter[str]"

    def do_POST(self) -> None:
        self.seen[self.connection.getsockname()[0]] += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@contextmanager
def two_servers() -> Iterator[tuple[int, "Counter[str]"]]:
    """Run one server at 127.0.0.1 and one at 127.0.0.2, with the same port; count who is reached."""
    seen: Counter[str] = Counter()
    handler = type("_Counting", (_Silent,), {"seen": seen})
    first = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    second = ThreadingHTTPServer(("127.0.0.2", first.server_address[1]), handler)
    threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in (first, second)]
    for thread in threads:
        thread.start()
    try:
        yield first.server_address[1], seen
    finally:
        for one, thread in zip((first, second), threads, strict=True):
            one.shutdown()
            thread.join()
            one.server_close()


def allow(settings: Settings, *networks: str, **others: Any) -> None:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": list(networks),
        "OUTGOING_PORTS": [EVERY_PORT],
        **others,
    }


async def test_a_name_that_points_elsewhere_with_each_lookup_never_reaches_the_other_place(
    settings: Settings, names: Install
) -> None:
    """The classic of rebinding: a good answer for the check, a bad one for the connection."""
    allow(settings, "127.0.0.1/32")
    draws = iter(range(10_000))
    asked = names(lambda _: ["127.0.0.1" if next(draws) % 2 == 0 else "127.0.0.2"])
    refused = []
    with two_servers() as (port, seen):
        for _ in range(40):
            try:
                await post(f"http://rebind.example:{port}/", b"", {})
            except ExchangeFailed as error:
                refused.append(str(error))
    assert seen == {"127.0.0.1": 20}, "127.0.0.2 was never connected to"
    assert refused == [f"no connection: {NOWHERE}"] * 20
    assert asked == ["rebind.example."] * 40, "one lookup for each connection"


async def test_among_many_requests_at_once_the_changing_name_finds_no_gap(
    settings: Settings, names: Install
) -> None:
    allow(settings, "127.0.0.1/32")
    draws = iter(range(10_000))
    names(lambda _: ["127.0.0.1" if next(draws) % 3 else "127.0.0.2"])
    with two_servers() as (port, seen):
        calls = (post(f"http://r{n % 7}.example:{port}/", b"", {}) for n in range(60))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert set(seen) <= {"127.0.0.1"}
    assert seen["127.0.0.1"] > 0
    refused = {str(one) for one in outcomes if isinstance(one, Exception)}
    assert refused <= {f"no connection: {NOWHERE}"}


@pytest.mark.parametrize("position", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "bad", ["127.0.0.2", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::1"]
)
async def test_one_bad_answer_anywhere_among_good_ones_refuses_the_name(
    settings: Settings, names: Install, bad: str, position: int
) -> None:
    allow(settings, "127.0.0.1/32")
    answers = ["127.0.0.1"] * 3
    answers.insert(position, bad)
    names(lambda _: answers)
    with two_servers() as (port, seen):
        with pytest.raises(ExchangeFailed, match=NOWHERE) as refused:
            await post(f"http://mixed.example:{port}/", b"", {})
        assert refused.value.failure is Failure.NOT_SENT
        assert seen == {}


@pytest.mark.parametrize("bad", ["127.0.0.2", "10.0.0.1", "::1", "fe80::1%1"])
def test_right_before_it_is_connected_to_an_address_is_checked_once_more(
    settings: Settings, bad: str
) -> None:
    allow(settings, "127.0.0.1/32")
    with pytest.raises(AddressNotAllowed):
        _guarded_socket(answer(bad, 80))
    with _guarded_socket(answer("127.0.0.1", 80)) as made:
        assert made.family is socket.AF_INET


async def test_of_several_good_answers_one_that_works_is_found(
    receiver: Receiver, names: Install
) -> None:
    names(lambda _: ["127.0.0.9", "127.0.0.1"])  # nobody listens at the first
    response = await post(f"http://several.example:{receiver.port}/", b"", {})
    assert response.status == 200


async def test_the_receiver_is_told_the_name_although_the_address_is_pinned(
    receiver: Receiver, names: Install
) -> None:
    names(lambda _: ["127.0.0.1"])
    await post(f"http://merchant.example:{receiver.port}/hook?x=1", b"", {})
    [seen] = receiver.received
    assert seen.headers["host"] == f"merchant.example:{receiver.port}"
    assert seen.path == "/hook?x=1"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
async def test_no_kind_of_redirect_is_followed(receiver: Receiver, status: int) -> None:
    with running_receiver() as inner:
        receiver.plan(Reply(status, {"Location": inner.url, "Refresh": f"0; url={inner.url}"}))
        assert (await post(receiver.url, b"", {})).status == status
        assert inner.received == []
    assert len(receiver.received) == 1


async def test_neither_proxies_nor_passwords_are_taken_from_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running_receiver() as proxy:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ada password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        for scheme in ("http", "https", "all", "ws", "wss"):
            monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
            monkeypatch.setenv(f"{scheme}_proxy".upper(), proxy.url)
        assert (await post(receiver.url, b"", {})).status == 200
        assert proxy.received == []
    assert "authorization" not in receiver.received[0].headers


@contextmanager
def tls_server(folder: Path, names: list[str | None]) -> Iterator[int]:
    """Run a server with a certificate that nobody signed; note the name that clients ask for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "merchant.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("merchant.example")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, asked_for, _context: names.append(asked_for)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_one() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
                pass

        thread = threading.Thread(target=take_one)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


async def test_tls_asks_for_the_name_and_trusts_no_certificate_that_nobody_signed(
    settings: Settings, names: Install, tmp_path: Path
) -> None:
    allow(settings, "127.0.0.1/32")
    names(lambda _: ["127.0.0.1"])
    asked: list[str | None] = []
    with (
        tls_server(tmp_path, asked) as port,
        pytest.raises(ExchangeFailed, match=r"no connection: TLS failed") as failed,
    ):
        await post(f"https://merchant.example:{port}/", b"secret", {})
    assert failed.value.failure is Failure.NOT_SENT
    assert asked == ["merchant.example"]


def silent_about(end: str) -> Answers:
    """Give the answers of a name server that is silent about names that end so."""
    return lambda name: None if name.endswith(end) else ["127.0.0.1"]


@pytest.mark.guarantee(n=10)
async def test_names_that_hang_hold_up_no_other_receiver(
    receiver: Receiver, allow_loopback: dict[str, Any], names: Install
) -> None:
    """One zone with a wildcard has as many names as somebody likes."""
    allow_loopback["OUTGOING_CONNECT_TIMEOUT"] = 30.0  # none of them gives its place back meanwhile
    asked = names(silent_about(".dead.example."))
    dead = [
        asyncio.create_task(post(f"http://n{n}.dead.example:{receiver.port}/", b"", {}))
        for n in range(300)
    ]
    await until(lambda: len(set(asked)) == 300)
    for n in range(5):
        await post(f"http://healthy{n}.example:{receiver.port}/", b"", {})
    assert not any(task.done() for task in dead)
    for task in dead:
        task.cancel()
    await asyncio.gather(*dead, return_exceptions=True)
    assert len(receiver.received) == 5


@pytest.mark.guarantee(n=10)
async def test_all_who_wait_for_a_name_share_its_lookup(
    receiver: Receiver, allow_loopback: dict[str, Any], names: Install
) -> None:
    allow_loopback["OUTGOING_CONNECT_TIMEOUT"] = 30.0
    asked = names(silent_about("dead.example."))
    dead = [
        asyncio.create_task(post(f"http://dead.example:{receiver.port}/", b"", {}))
        for _ in range(100)
    ]
    await until(lambda: asked)
    await post(f"http://healthy.example:{receiver.port}/", b"", {})
    for task in dead:
        task.cancel()
    await asyncio.gather(*dead, return_exceptions=True)
    assert asked.count("dead.example.") == 1


async def test_a_lookup_is_waited_for_no_longer_than_a_connection_and_counts_as_not_sent(
    receiver: Receiver, settings: Settings, names: Install
) -> None:
    allow(settings, "127.0.0.0/8", OUTGOING_CONNECT_TIMEOUT=0.2)
    names(silent_about("dead.example."))
    with pytest.raises(ExchangeFailed, match="no connection") as failed:
        await post(f"http://dead.example:{receiver.port}/", b"", {})
    assert failed.value.failure is Failure.NOT_SENT


async def test_an_answer_that_is_remembered_is_checked_like_a_new_one(
    receiver: Receiver, settings: Settings
) -> None:
    with running_name_server(lambda _: ["127.0.0.1"], seconds_to_live=60) as server:
        allow(settings, "127.0.0.1/32", OUTGOING_NAME_SERVERS=[f"127.0.0.1:{server.port}"])
        receiver.plan(Reply(200, {"Connection": "close"}))
        await post(f"http://shop.example:{receiver.port}/", b"", {})
        allow(settings)
        with pytest.raises(ExchangeFailed) as refused:
            await post(f"http://shop.example:{receiver.port}/", b"", {})
        assert server.asked == ["shop.example."]
    assert str(refused.value) == f"no connection: {NOWHERE}"
    assert len(receiver.received) == 1


async def test_an_answer_is_forgotten_after_a_while_whatever_it_says_of_itself(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "REMEMBERED_SECONDS", 0.0)
    with running_name_server(lambda _: ["127.0.0.1"], seconds_to_live=86_400) as server:
        allow(settings, "127.0.0.1/32", OUTGOING_NAME_SERVERS=[f"127.0.0.1:{server.port}"])
        for _ in range(3):
            receiver.plan(Reply(200, {"Connection": "close"}))
            await post(f"http://shop.example:{receiver.port}/", b"", {})
        assert server.asked == ["shop.example."] * 3


async def test_closing_ends_the_lookups_that_are_under_way(
    allow_loopback: dict[str, Any], names: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those too that were begun before what was remembered was forgotten."""
    monkeypatch.setattr(lookups, "REMEMBERED_SECONDS", 0.0)
    allow_loopback["OUTGOING_CONNECT_TIMEOUT"] = 30.0
    asked = names(silent_about("dead.example."))
    waiting = [
        asyncio.create_task(post(f"http://n{n}.dead.example/", b"", {}, seconds=30))
        for n in range(3)
    ]
    await until(lambda: len(set(asked)) == 3)
    await close_session()
    for one in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(one, ExchangeFailed)
        assert one.failure is Failure.NOT_SENT
