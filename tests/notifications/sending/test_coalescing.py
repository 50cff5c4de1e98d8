"""Concurrent callers share calls, and each gets its own answer."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import Error, connection

from notifications.sending import coalescing as together_module
from notifications.sending.coalescing import CROWD, ENOUGH, MAX_TOGETHER, Coalescer
from tasks_core.database import session_state


async def test_what_arrives_during_a_call_goes_into_the_next_one() -> None:
    batches: list[list[int]] = []
    loop, started, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def square(items: list[int]) -> list[int]:
        batches.append(items)
        loop.call_soon_threadsafe(started.set)
        if len(batches) == 1:
            release.wait(10)
        return [item * item for item in items]

    together = Coalescer(square)
    first = asyncio.create_task(together(1))
    await started.wait()
    others = [asyncio.create_task(together(item)) for item in range(2, 10)]
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(first, *others) == [item * item for item in range(1, 10)]
    assert batches == [[1], list(range(2, 10))]


async def test_a_call_carries_a_bounded_number_of_items() -> None:
    sizes: list[int] = []

    def count(items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    together = Coalescer(count)
    await asyncio.gather(*(together(item) for item in range(3 * MAX_TOGETHER)))
    assert max(sizes) == MAX_TOGETHER


async def test_after_a_crowd_the_next_are_gathered_although_they_come_one_by_one() -> None:
    sizes: list[int] = []

    def count(items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    together = Coalescer(count)

    async def twice(number: int) -> None:
        await together(number)
        for _ in range(number):
            await asyncio.sleep(0)
        await together(number)

    await asyncio.gather(*(twice(number) for number in range(CROWD)))
    assert sizes == [CROWD, CROWD]


async def test_who_is_enough_for_a_call_does_not_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(together_module, "GATHER_SECONDS", 3600)
    sizes: list[int] = []

    def count(items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    together = Coalescer(count)
    async with asyncio.timeout(30):
        first = [asyncio.create_task(together(number)) for number in range(CROWD)]
        await asyncio.gather(*first)
        await asyncio.gather(*(together(number) for number in range(ENOUGH)))
    assert sizes == [CROWD, ENOUGH]


async def test_an_error_reaches_its_callers_and_the_next_call_works() -> None:
    def refuse_thirteen(items: list[int]) -> list[int]:
        if 13 in items:
            raise ValueError("thirteen")
        return items

    together = Coalescer(refuse_thirteen)
    with pytest.raises(ValueError, match="thirteen"):
        await together(13)
    assert await together(14) == 14


async def test_a_caller_that_is_cancelled_does_not_disturb_the_others() -> None:
    loop, started, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait(items: list[int]) -> list[int]:
        loop.call_soon_threadsafe(started.set)
        release.wait(10)
        return items

    together = Coalescer(wait)
    leaving = asyncio.create_task(together(1))
    staying = asyncio.create_task(together(2))
    await started.wait()
    leaving.cancel()
    release.set()
    assert await staying == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_an_error_among_the_answers_is_raised_for_its_caller_alone() -> None:
    def odd(items: list[int]) -> list[int | Exception]:
        return [item if item % 2 else ValueError(f"{item} is even") for item in items]

    together: Coalescer[int, int] = Coalescer(odd)
    answers = await asyncio.gather(*(together(item) for item in range(4)), return_exceptions=True)
    assert [answers[1], answers[3]] == [1, 3]
    assert [repr(answers[0]), repr(answers[2])] == [
        "ValueError('0 is even')",
        "ValueError('2 is even')",
    ]


class Kept:
    """What calls leave behind, until it is put away."""

    def __init__(self) -> None:
        self.items: list[int] = []
        self.calls: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._put_away = asyncio.Event()

    def keep(self, items: list[int]) -> list[int]:
        self.calls.append(f"keep {len(items)}")
        self.items += items
        return items

    def put_away(self) -> None:
        self.calls.append(f"put {len(self.items)} away")
        self.items.clear()
        self._loop.call_soon_threadsafe(self._put_away.set)

    async def rested(self) -> None:
        """Wait until it has been put away."""
        await asyncio.wait_for(self._put_away.wait(), 10)
        self._put_away.clear()

    def together(self, put_away: Callable[[], None] | None = None) -> Coalescer[int, int]:
        return Coalescer(
            self.keep, at_rest=put_away or self.put_away, is_at_rest=lambda: not self.items
        )


async def test_when_nobody_waits_any_more_what_is_left_is_put_away() -> None:
    kept = Kept()
    together = kept.together()
    await asyncio.gather(*(together(item) for item in range(3)))
    await kept.rested()
    assert kept.calls == ["keep 3", "put 3 away"]
    await together(4)
    await kept.rested()
    assert kept.calls[2:] == ["keep 1", "put 1 away"]


async def test_nothing_is_put_away_between_two_calls_that_follow_each_other() -> None:
    kept = Kept()
    together = kept.together()
    await asyncio.gather(*(together(item) for item in range(MAX_TOGETHER + 1)))
    await kept.rested()
    assert kept.calls == [f"keep {MAX_TOGETHER}", "keep 1", f"put {MAX_TOGETHER + 1} away"]


async def test_nothing_is_put_away_where_nothing_is_left() -> None:
    kept = Kept()
    together: Coalescer[int, int] = Coalescer(lambda items: items, at_rest=kept.put_away)
    await together(1)
    assert await together(2) == 2
    assert kept.calls == []


async def test_what_could_not_be_put_away_is_tried_again_after_the_next_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept, tries = Kept(), 0
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def put_away() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            loop.call_soon_threadsafe(failed.set)
            raise ConnectionError("the database is away")
        kept.put_away()

    together = kept.together(put_away)
    assert await together(1) == 1
    async with asyncio.timeout(10):
        await failed.wait()
        assert await together(2) == 2
        await kept.rested()
    assert kept.calls == ["keep 1", "keep 1", "put 2 away"]
    assert "it is tried again after the next call" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gives_errors", [False, True])
def test_a_connection_that_breaks_between_calls_is_replaced_however_often_they_come(
    gives_errors: bool,
) -> None:
    def session(items: list[int]) -> list[int | Exception]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                return [cursor.fetchone()[0]] * len(items)
        except Error as error:
            if gives_errors:
                return [error] * len(items)
            raise

    async def call_while_it_breaks() -> tuple[int, int]:
        together: Coalescer[int, int] = Coalescer(session)
        first = await together(1)
        await sync_to_async(end_session)(first)
        with pytest.raises(Error):
            await together(2)
        return first, await together(3)  # at once, and not when the calls make a pause

    first, second = async_to_sync(call_while_it_breaks)()
    assert first != second


def end_session(pid: int) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    other.close()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_put_back_behind_the_platforms_own_statements() -> None:
    connection.close()
    connection.ensure_connection()
    connection.connection.wait = use = session_state.Use(connection.connection)

    def ask(items: list[int]) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert use.is_new
        return items

    with closing(connection):
        assert async_to_sync(Coalescer(ask))(1) == 1
        assert not use.is_new
