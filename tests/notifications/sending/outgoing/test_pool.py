"""How many connections there are at once, who gets the next one, and what giving up leaves behind."""

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest

from notifications.sending.outgoing.answer import Answer
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, Response, post
from notifications.sending.outgoing.guard import check_url
from notifications.sending.outgoing.pool import Pool
from notifications.sending.outgoing.session import close_session, pool
from tests.notifications.conftest import Install
from tests.support.talkative_server import OK, Answers, Server, Visit, always, running, until

pytestmark = [
    pytest.mark.usefixtures("closing_session", "allow_loopback"),
    pytest.mark.guarantee(n=10),
]


class Held:
    """Answers nothing until it is told to, and notes the order in which requests came."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.came: list[bytes] = []

    async def __call__(self, visit: Visit) -> bytes:
        self.came.append(visit.requests[-1].partition(b"\r\n\r\n")[2])
        await self.release.wait()
        return OK


def send(server: Server, body: bytes = b"", seconds: float = 10) -> "asyncio.Task[Response]":
    return asyncio.create_task(post(server.url, body, {}, seconds=seconds))


def waiting() -> int:
    return len(pool()._waiting)


async def test_no_more_are_open_than_the_limit_and_who_waits_comes_in_order(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 2
    held = Held()
    async with running(held) as server:
        tasks = [send(server, b"%d" % n) for n in range(8)]
        await until(lambda: len(held.came) == 2 and waiting() == 6)
        held.release.set()
        await asyncio.gather(*tasks)
        assert len(server.visits) == 2
    assert held.came == [b"%d" % n for n in range(8)]


async def test_a_waiter_that_gives_up_takes_no_place_with_it(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    held = Held()
    async with running(held) as server:
        tasks = [send(server, b"%d" % n) for n in range(5)]
        await until(lambda: waiting() == 4)
        for given_up in (tasks[1], tasks[3]):
            given_up.cancel()
        held.release.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert held.came == [b"0", b"2", b"4"]
        assert (await send(server)).status == 200


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_waiter_that_gives_up_when_it_has_just_got_its_place_passes_it_on(
    allow_loopback: dict[str, Any], keeps: bool
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    answer = OK if keeps else OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n", 1)
    async with running(always(answer)) as server:
        connection = await pool().acquire(check_url(server.url), until=await soon())
        await connection.exchange(request(), Answer(10), until=await soon())
        tasks = [send(server) for _ in range(2)]
        await until(lambda: waiting() == 2)
        pool().release(connection)
        tasks[0].cancel()
        assert (await tasks[1]).status == 200
        assert (await send(server)).status == 200


async def soon() -> float:
    return asyncio.get_running_loop().time() + 10


def request() -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


async def servers(stack: AsyncExitStack, count: int, answers: Answers) -> list[Server]:
    return [await stack.enter_async_context(running(answers)) for _ in range(count)]


async def test_with_more_hosts_than_connections_all_are_served(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 2
    async with AsyncExitStack() as stack, asyncio.timeout(20):
        hosts = await servers(stack, 6, always(OK))
        await asyncio.gather(*(send(host) for _ in range(10) for host in hosts))
        for host in hosts:
            assert (await send(host)).status == 200
        assert [sum(host.requests) for host in hosts] == [11] * 6


async def test_the_connection_that_was_idle_longest_makes_room_for_another_host(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 2
    async with AsyncExitStack() as stack:
        oldest, newer, other = await servers(stack, 3, always(OK))
        for host in (oldest, newer, other):
            await send(host)
        await oldest.visits[0].ended.wait()
        await send(newer)
        assert newer.requests == [2]


async def test_the_connection_that_was_used_last_is_used_next() -> None:
    held = Held()
    async with running(held) as server:
        both = [send(server), send(server)]
        await until(lambda: len(held.came) == 2)
        held.release.set()
        await asyncio.gather(*both)
        for _ in range(4):
            await send(server)
        assert sorted(server.requests) == [1, 5]


async def test_the_time_of_waiting_for_a_place_counts_and_nothing_was_sent(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    held = Held()
    async with running(held) as server:
        first = send(server)
        await until(lambda: held.came)
        with pytest.raises(ExchangeFailed, match=r"^no connection: ") as failed:
            await send(server, b"late", seconds=0.1)
        assert failed.value.failure is Failure.NOT_SENT
        held.release.set()
        await first
        assert held.came == [b""]


async def test_an_idle_connection_is_closed_when_it_was_kept_long_enough() -> None:
    async with running(always(OK)) as server:
        short = Pool(2, keep_alive=0.05)
        connections = [
            await short.acquire(check_url(server.url), until=await soon()) for _ in range(2)
        ]
        for connection in connections:
            await connection.exchange(request(), Answer(10), until=await soon())
            short.release(connection)
        for visit in server.visits:
            await visit.ended.wait()
        again = await short.acquire(check_url(server.url), until=await soon())
        assert again not in connections
        await short.close()


@pytest.fixture
def slow_lookup(names: Install) -> list[str]:
    """Let no name server answer; give the names that were asked for."""
    return names(lambda _: None)


@pytest.mark.parametrize("phase", ["place", "lookup", "connection", "TLS", "answer"])
async def test_giving_up_closes_the_connection_and_leaves_nothing_behind(
    allow_loopback: dict[str, Any], phase: str, slow_lookup: list[str]
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    held, before = Held(), asyncio.all_tasks()
    async with running(held) as server:
        first = send(server) if phase == "place" else None
        with full_backlog() as full:
            url, is_reached = {
                "place": (server.url, lambda: held.came and waiting() == 1),
                "lookup": ("http://slow.example/", lambda: slow_lookup),
                "connection": (f"http://127.0.0.1:{full}/", lambda: pool()._taken == 1),
                "TLS": (server.url.replace("http:", "https:"), lambda: server.visits),
                "answer": (server.url, lambda: held.came),
            }[phase]
            task = asyncio.create_task(post(url, b"2", {}, seconds=10))
            await until(is_reached)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        held.release.set()
        if first is not None:
            await first
        assert (await send(server)).status == 200
        await close_session()
        await until(lambda: all(visit.ended.is_set() for visit in server.visits))
        await until(lambda: asyncio.all_tasks() <= before)
        assert not timers(), "no timer is left to run"


def timers() -> list[object]:
    """Give the timers of the event loop that will still run."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [one for one in scheduled if not one.cancelled()]


class full_backlog:  # noqa: N801 (a context manager)
    """A port that takes no connection: a connection to it is never made, nor refused."""

    def __enter__(self) -> int:
        self._server = socket.socket()
        self._server.bind(("127.0.0.1", 0))
        self._server.listen(0)
        self._clients = [socket.socket() for _ in range(8)]
        for client in self._clients:
            client.setblocking(False)
            client.connect_ex(self._server.getsockname())
        port: int = self._server.getsockname()[1]
        return port

    def __exit__(self, *error: object) -> None:
        for one in (self._server, *self._clients):
            one.close()


async def test_closing_ends_what_is_under_way_and_who_waits(
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_CONNECTIONS"] = 1
    held = Held()
    async with running(held) as server:
        tasks = [send(server) for _ in range(2)]
        await until(lambda: held.came and waiting() == 1)
        await close_session()
        under_way, waited = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(under_way, ExchangeFailed)
    assert isinstance(waited, ExchangeFailed)
    assert (under_way.failure, waited.failure) == (Failure.UNKNOWN, Failure.NOT_SENT)


async def test_a_shorter_time_after_a_longer_one_on_the_same_connection_holds() -> None:
    """The timer of a connection serves one exchange after the other."""
    held = Held()
    held.release.set()
    async with running(held) as server:
        await post(server.url, b"", {}, seconds=10)
        held.release.clear()
        async with asyncio.timeout(5):
            with pytest.raises(ExchangeFailed, match=r"no answer within 0\.1 s"):
                await post(server.url, b"", {}, seconds=0.1)
        assert server.requests == [2]


async def test_a_longer_time_after_a_shorter_one_on_the_same_connection_holds_too() -> None:
    held = Held()
    held.release.set()
    async with running(held) as server:
        await post(server.url, b"", {}, seconds=0.1)
        held.release.clear()
        async with asyncio.timeout(5):
            with pytest.raises(ExchangeFailed, match=r"no answer within 0\.4 s"):
                await post(server.url, b"", {}, seconds=0.4)
        assert server.requests == [2]


async def test_the_time_of_an_exchange_before_does_not_end_a_later_one() -> None:
    held = Held()
    held.release.set()
    async with running(held) as server:
        await post(server.url, b"", {}, seconds=0.1)
        held.release.clear()
        later = send(server)
        await until(lambda: len(held.came) == 2)
        asyncio.get_running_loop().call_later(0.3, held.release.set)
        assert (await later).status == 200
        assert server.requests == [2]
