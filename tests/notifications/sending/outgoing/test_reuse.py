"""When a connection carries another request, and when it must not."""

import asyncio
from typing import Any

import pytest

from notifications.sending.outgoing.fetch import (
    ExchangeFailed,
    Failure,
    UnreadableResponse,
    exchange,
    post,
)
from notifications.sending.outgoing.session import pool
from tests.support.talkative_server import OK, Visit, always, running, until

pytestmark = [
    pytest.mark.usefixtures("closing_session", "allow_loopback"),
    pytest.mark.guarantee(n=5),
]

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX-T: 1\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        CHUNKED,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno",
    ],
)
async def test_after_a_clean_answer_the_connection_carries_the_next_request(answer: bytes) -> None:
    async with running(always(answer)) as server:
        for _ in range(3):
            await post(server.url, b"{}", {})
        assert server.requests == [3]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"x" * 30_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 30_000,
        OK + b"\r\n",
        OK + b"x",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Smuggled: 1\r\n\r\n",
        OK + b"HTTP/1.1 500 No\r\nContent-Length: 4\r\nX-Smuggled: 1\r\n\r\nevil",
        CHUNKED + b"0\r\n\r\n",
    ],
)
async def test_after_any_other_answer_it_is_closed(answer: bytes) -> None:
    async with running(always(answer)) as server:
        for _ in range(3):
            response = await post(server.url, b"{}", {})
            assert response.status == 200
            assert "X-Smuggled" not in response.headers
        assert server.requests == [1, 1, 1]
        await until(lambda: all(visit.ended.is_set() for visit in server.visits))


async def test_after_an_answer_that_is_not_http_it_is_closed() -> None:
    async with running(always(b"SSH-2.0-OpenSSH_9.6\r\n")) as server:
        for _ in range(2):
            with pytest.raises(UnreadableResponse, match=r"^the response is not HTTP$"):
                await post(server.url, b"{}", {})
        assert server.requests == [1, 1]


async def test_bytes_on_an_idle_connection_are_no_answer_to_the_next_request() -> None:
    async with running(always(OK)) as server:
        await post(server.url, b"{}", {})
        server.visits[0].writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await server.visits[0].ended.wait()
        assert (await post(server.url, b"{}", {})).body == b"ok"
        assert server.requests == [1, 1]


async def test_an_idle_connection_that_the_server_closes_is_not_used_again_and_leaves_its_place(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    async with running(always(OK)) as server:
        await post(server.url, b"{}", {})
        server.visits[0].writer.close()
        await until(lambda: pool()._idle.first_end() is None)
        assert (await post(server.url, b"{}", {})).status == 200
        assert len(server.visits) == 2


def keeping(said: bytes) -> bytes:
    return OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: " + said + b"\r\n\r\n")


@pytest.mark.parametrize(
    "said", [b"timeout=30", b"max=100", b"timeout=forever", b"timeout=600,max=9"]
)
async def test_a_server_that_keeps_connections_for_long_is_sent_the_next_request_over_the_same(
    said: bytes,
) -> None:
    async with running(always(keeping(said))) as server:
        for _ in range(3):
            await post(server.url, b"{}", {})
        assert server.requests == [3]


@pytest.mark.parametrize("said", [b"timeout=0", b"timeout=1", b"max=5, timeout=1", b"Timeout = 1"])
async def test_a_connection_that_the_server_is_about_to_close_carries_no_other_request(
    said: bytes,
) -> None:
    """The request and the end would meet on the way, and nobody could say whether it had arrived."""
    async with running(always(keeping(said))) as server:
        for _ in range(3):
            await post(server.url, b"{}", {})
        assert server.requests == [1, 1, 1]


async def test_an_idle_connection_is_closed_before_the_server_does_so() -> None:
    async with running(always(keeping(b"timeout=2"))) as server:
        await post(server.url, b"{}", {})
        began = asyncio.get_running_loop().time()
        await until(server.visits[0].ended.is_set)
        assert asyncio.get_running_loop().time() - began < 20, (
            "and not after the 30 seconds of others"
        )
        await post(server.url, b"{}", {})
        assert server.requests == [1, 1]


async def test_what_a_server_said_last_holds_and_each_connection_has_a_time_of_its_own() -> None:
    answers = iter([keeping(b"timeout=30"), keeping(b"timeout=2"), OK])

    async def next_answer(visit: Visit) -> bytes:
        return next(answers)

    async with running(next_answer) as server, running(always(OK)) as other:
        await post(other.url, b"{}", {})
        for _ in range(2):
            await post(server.url, b"{}", {})
        await until(server.visits[0].ended.is_set)
        await post(server.url, b"{}", {})
        await post(other.url, b"{}", {})
        assert (server.requests, other.requests) == ([2, 1], [2])


async def test_a_request_on_a_kept_connection_that_breaks_is_not_sent_again() -> None:
    """The server may have done what it asks."""

    async def once(visit: Visit) -> bytes:
        return OK if len(visit.requests) == 1 else b""

    async with running(once) as server:
        await post(server.url, b"{}", {})
        with pytest.raises(ExchangeFailed, match="connection failed before the answer") as failed:
            await post(server.url, b"{}", {})
        assert failed.value.failure is Failure.UNKNOWN
        assert server.requests == [2]


async def test_an_answer_before_the_request_has_left_counts_and_ends_the_connection() -> None:
    async with running(
        always(b""), unread=b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    ) as server:
        for _ in range(2):
            response = await post(server.url, b"x" * 30_000_000, {}, seconds=10)
            assert response.status == 413
        assert len(server.visits) == 2


async def test_of_an_answer_to_head_only_the_headers_are_waited_for() -> None:
    async with running(always(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")) as server:
        response = await exchange("HEAD", server.url, None, {}, seconds=5)
    assert (response.status, response.headers, response.body) == (
        200,
        {"Content-Length": "500"},
        b"",
    )


async def test_a_body_that_ends_early_leaves_the_status() -> None:
    async def short(visit: Visit) -> bytes:
        visit.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        return b""

    async with running(short) as server:
        response = await post(server.url, b"{}", {})
    assert (response.status, response.body) == (200, b"he")


async def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    async def lasting(visit: Visit) -> bytes:
        visit.writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        return b""

    async with running(lasting) as server:
        assert (await post(server.url, b"{}", {})).body == b"hello"
