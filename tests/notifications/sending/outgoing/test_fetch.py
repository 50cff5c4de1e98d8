"""Guarded requests against real servers, and with a resolver that lies."""

import socket
import threading
from contextlib import suppress
from typing import Any

import pytest
from pytest_django import Settings

from notifications.sending.outgoing.connecting import NOWHERE
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, post
from notifications.sending.outgoing.guard import EVERY_PORT
from notifications.sending.outgoing.resolver import absolute
from tests.notifications.conftest import Install
from tests.notifications.sending.outgoing.test_guard import LOOPBACK_SPELLINGS
from tests.support.receiver import Receiver, Reply, running_receiver

pytestmark = [pytest.mark.usefixtures("closing_session"), pytest.mark.guarantee(n=5)]


LEADS_NOWHERE = f"no connection: {NOWHERE}"


@pytest.fixture
def no_networks(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_HTTPS_ONLY": False, "OUTGOING_PORTS": [EVERY_PORT]}


async def test_a_request_arrives_with_its_exact_body_and_headers(receiver: Receiver) -> None:
    response = await post(receiver.url, b'{"a":1}', {"Content-Type": "application/json"})
    assert (response.status, response.body) == (200, b"ok")
    [seen] = receiver.received
    assert seen.body == b'{"a":1}'
    assert seen.headers["content-type"] == "application/json"


IPV6_SPELLINGS = [
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::1%25lo]",
    "[fe80::1%25lo]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", [*LOOPBACK_SPELLINGS, "127.0.0.1", *IPV6_SPELLINGS])
async def test_no_spelling_of_this_host_gets_through(no_networks: None, host: str) -> None:
    with running_receiver() as receiver:
        with pytest.raises(ExchangeFailed) as refused:
            await post(f"http://{host}:{receiver.port}/", b"", {})
        if host == "localhost":  # a name; the others are numbers
            assert (refused.value.failure, str(refused.value)) == (Failure.NOT_SENT, LEADS_NOWHERE)
        else:
            failure = (refused.value.failure, str(refused.value))
            assert failure == (Failure.REFUSED, "address not allowed")
        assert receiver.received == []


@pytest.mark.parametrize("answers", [[], ["10.0.0.5"], ["93.184.216.34", "10.0.0.5"], ["fd00::5"]])
@pytest.mark.parametrize("host", ["db.internal.example", "db"])
async def test_an_inner_name_is_refused_in_the_words_for_one_that_does_not_exist(
    no_networks: None, names: Install, answers: list[str], host: str
) -> None:
    """Whoever may enter a URL could else list the names of our network."""
    names(lambda _: answers)
    with pytest.raises(ExchangeFailed) as failed:
        await post(f"http://{host}/", b"", {})
    assert (failed.value.failure, str(failed.value)) == (Failure.NOT_SENT, LEADS_NOWHERE)


async def test_a_name_at_a_port_that_is_not_allowed_there_is_refused_in_the_same_words(
    allow_loopback: dict[str, Any], names: Install, caplog: pytest.LogCaptureFixture
) -> None:
    allow_loopback["OUTGOING_PORTS"] = [443, 80]
    allow_loopback["OUTGOING_ALLOWED_NETWORKS"] = ["127.0.0.0/8:8443"]
    names(lambda _: ["93.184.216.34"])
    with pytest.raises(ExchangeFailed) as failed:
        await post("http://shop.example:8443/", b"", {})
    assert (failed.value.failure, str(failed.value)) == (Failure.NOT_SENT, LEADS_NOWHERE)
    assert "shop.example leads to an address or a port that is not allowed" in caplog.text


async def test_a_resolver_that_changes_its_answer_is_asked_once_and_its_first_answer_used(
    receiver: Receiver, settings: Settings, names: Install
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.1/32"]}
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked = names(lambda _: next(answers))
    response = await post(f"http://rebind.example:{receiver.port}/", b"", {})
    assert response.status == 200
    assert asked == ["rebind.example."]


async def test_a_name_with_one_inner_address_among_outer_ones_is_not_connected_to(
    no_networks: None, names: Install
) -> None:
    with running_receiver() as receiver:
        names(lambda _: ["93.184.216.34", "127.0.0.1"])
        with pytest.raises(ExchangeFailed, match=LEADS_NOWHERE):
            await post(f"http://mixed.example:{receiver.port}/", b"", {})
        assert receiver.received == []


async def test_an_answer_that_turns_inward_after_the_check_of_another_request_is_refused(
    no_networks: None, names: Install
) -> None:
    """Each connection's own answers are the ones that are checked."""
    with running_receiver() as receiver:
        answers = iter(["192.0.2.1", "127.0.0.1"])
        names(lambda _: [next(answers)])
        for _ in range(2):
            with pytest.raises(ExchangeFailed, match=LEADS_NOWHERE):
                await post(f"http://turning.example:{receiver.port}/", b"", {})
        assert receiver.received == []


async def test_a_name_of_one_label_leads_to_own_networks_only(
    no_networks: None, names: Install
) -> None:
    """A search domain of resolv.conf could complete it to a public name."""
    asked = names(lambda _: ["93.184.216.34"])
    with pytest.raises(ExchangeFailed, match=LEADS_NOWHERE):
        await post("http://hooks/", b"", {})
    assert asked == ["hooks."]


async def test_a_name_of_one_label_reaches_an_own_receiver(receiver: Receiver) -> None:
    assert (await post(f"http://localhost:{receiver.port}/", b"", {})).status == 200


async def test_no_compression_is_asked_for(receiver: Receiver) -> None:
    await post(receiver.url, b"", {})
    assert receiver.received[0].headers["accept-encoding"] == "identity"


async def test_a_redirect_is_a_response_and_is_not_followed(receiver: Receiver) -> None:
    receiver.plan(Reply(302, {"Location": receiver.url}))
    response = await post(receiver.url, b"", {})
    assert response.status == 302
    assert len(receiver.received) == 1


async def test_a_proxy_in_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await post(receiver.url, b"", {})).status == 200


async def test_a_large_answer_is_read_up_to_the_limit(
    receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_RESPONSE_LIMIT"] = 1000
    receiver.plan(Reply(body=b"x" * 5_000_000))
    response = await post(receiver.url, b"", {})
    assert response.body == b"x" * 1000


async def test_a_compressed_answer_is_not_unpacked(receiver: Receiver) -> None:
    receiver.plan(Reply(headers={"Content-Encoding": "gzip"}, body=b"not gzip at all"))
    assert (await post(receiver.url, b"", {})).body == b"not gzip at all"


@pytest.mark.parametrize(
    "headers", [{"X-Long": "x" * 100_000}, {f"X-{n}": "x" for n in range(10_000)}]
)
async def test_of_an_answer_with_endless_headers_the_status_counts(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    receiver.plan(Reply(headers=headers))
    assert (await post(receiver.url, b"", {})).status == 200


async def test_a_receiver_that_hangs_is_given_up_in_time_and_counts_as_unknown(
    receiver: Receiver,
) -> None:
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    try:
        with pytest.raises(ExchangeFailed, match=r"no answer within 0\.2 s") as failed:
            await post(receiver.url, b"", {}, seconds=0.2)
    finally:
        release.set()
    assert failed.value.failure is Failure.UNKNOWN


async def test_a_body_that_trickles_is_left_when_the_total_time_is_over(
    allow_loopback: dict[str, Any],
) -> None:
    """Each byte comes in time; all of them together do not. The status is known."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
                while not stop.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            response = await post(url, b"", {}, seconds=0.4)
        finally:
            stop.set()
            thread.join()
    assert response.status == 200
    assert 0 < len(response.body) < 100


async def test_a_closed_port_counts_as_not_sent(receiver: Receiver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ExchangeFailed, match="connection refused") as failed:
            await post(f"http://127.0.0.1:{port}/", b"", {})
    assert failed.value.failure is Failure.NOT_SENT


async def test_a_name_that_does_not_resolve_counts_as_not_sent(
    allow_loopback: dict[str, Any], names: Install
) -> None:
    names(lambda _: [])
    with pytest.raises(ExchangeFailed, match=LEADS_NOWHERE) as failed:
        await post("http://nowhere.invalid/", b"", {})
    assert failed.value.failure is Failure.NOT_SENT


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("example.com", "example.com."),
        ("example.com.", "example.com."),
        ("localhost", "localhost"),
        ("a.b", "a.b."),
        ("2130706433", "2130706433"),
        ("0x7f000001", "0x7f000001"),
        ("127.1", "127.1"),
        ("::1", "::1"),
    ],
)
def test_names_are_resolved_as_absolute_names(host: str, asked: str) -> None:
    assert absolute(host) == asked
