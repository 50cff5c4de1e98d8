"""What a receiver may cost us: bounded time and bounded memory, whatever it sends back."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, post
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.usefixtures("closing_session"), pytest.mark.guarantee(n=5)]

Talk = Callable[[socket.socket, threading.Event], None]


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """Run a server that says what it likes on each connection until it is stopped."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                talk(connection, stop)

        def accept() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    connection, _ = server.accept()
                    connection.settimeout(5)
                    threads.append(threading.Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            stop.set()
            acceptor.join()
            for thread in threads:
                thread.join()


def endlessly(first: bytes, again: bytes, *, pause: float = 0.0) -> Talk:
    def talk(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(first)
        while not stop.wait(pause):
            connection.sendall(again)

    return talk


WITHOUT_STATUS = {
    "interim answers": endlessly(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50),
    "continue": endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "empty space": endlessly(b"", b"\r\n" * 5_000),
    "nothing": lambda _connection, stop: stop.wait(20) and None,
}
WITH_STATUS = {
    "a status line": endlessly(b"HTTP/1.1 200 ", b"O" * 10_000),
    "a header": endlessly(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000),
    "headers": endlessly(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 1_000),
    "headers, slowly": endlessly(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n", pause=0.02),
    "a chunk extension": endlessly(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 10_000
    ),
    "a body, slowly": endlessly(b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.02),
    "half a body": lambda connection, _stop: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    ),
    "half a head": lambda connection, _stop: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-"),
}


@pytest.mark.parametrize("what", [*WITHOUT_STATUS, *WITH_STATUS])
async def test_an_answer_without_end_is_given_up_in_time_and_fills_no_memory(
    allow_loopback: dict[str, Any], what: str
) -> None:
    """A status that was read counts, whatever becomes of the rest."""
    with talking({**WITHOUT_STATUS, **WITH_STATUS}[what]) as url:
        tracemalloc.start()
        began = time.monotonic()
        try:
            found = await _status_or_failure(url)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < 10
    assert found == (200 if what in WITH_STATUS else Failure.UNKNOWN)
    assert most < 20_000_000


async def _status_or_failure(url: str) -> int | Failure:
    try:
        return (await post(url, b"", {}, seconds=0.7)).status
    except ExchangeFailed as error:
        return error.failure


async def test_of_a_body_without_end_the_limit_is_read_and_no_more(
    allow_loopback: dict[str, Any],
) -> None:
    """An endless body is an answer all the same: its status counts."""
    with talking(endlessly(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)) as url:
        response = await post(url, b"", {}, seconds=5)
    assert (response.status, len(response.body)) == (200, 20_000)


async def test_an_announced_body_that_is_too_large_is_not_waited_for(
    allow_loopback: dict[str, Any],
) -> None:
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 30_000
    with talking(endlessly(first, b"", pause=0.02)) as url:
        response = await post(url, b"", {}, seconds=5)
    assert (response.status, len(response.body)) == (200, 20_000)


async def test_a_server_that_takes_the_connection_and_never_finishes_tls_is_given_up(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECT_TIMEOUT"] = 0.3
    with (
        talking(WITHOUT_STATUS["nothing"]) as url,
        pytest.raises(ExchangeFailed, match="no connection") as failed,
    ):
        await post(url.replace("http:", "https:"), b"", {}, seconds=2)
    assert failed.value.failure is Failure.NOT_SENT


async def test_a_server_that_takes_no_connection_is_given_up_when_connecting_takes_too_long(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECT_TIMEOUT"] = 0.3
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            with pytest.raises(ExchangeFailed, match="connecting took too long") as failed:
                await post(f"http://127.0.0.1:{address[1]}/", b"", {}, seconds=10)
        finally:
            for one in waiting:
                one.close()
    assert failed.value.failure is Failure.NOT_SENT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip, gzip"])
async def test_a_packed_answer_stays_packed(receiver: Receiver, encoding: str) -> None:
    receiver.plan(Reply(headers={"Content-Encoding": encoding}, body=b"\x1f\x8b not unpacked"))
    assert (await post(receiver.url, b"", {})).body == b"\x1f\x8b not unpacked"


async def test_a_cookie_is_not_kept(receiver: Receiver) -> None:
    receiver.plan(Reply(headers={"Set-Cookie": "id=1; Path=/"}))
    await post(receiver.url, b"", {})
    await post(receiver.url, b"", {})
    assert [seen.headers.get("cookie") for seen in receiver.received] == [None, None]
