"""Concurrent callers share calls, and each gets its own answer."""

import asyncio
import threading

import pytest

from notifications.pipeline.together import CROWD, MAX_TOGETHER, Together


async def test_what_arrives_during_a_call_goes_into_the_next_one() -> None:
    batches: list[list[int]] = []
    loop, started, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def square(items: list[int]) -> list[int]:
        batches.append(items)
        loop.call_soon_threadsafe(started.set)
        if len(batches) == 1:
            release.wait(10)
        return [item * item for item in items]

    together = Together(square)
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

    together = Together(count)
    await asyncio.gather(*(together(item) for item in range(3 * MAX_TOGETHER)))
    assert max(sizes) == MAX_TOGETHER


async def test_after_a_crowd_the_next_are_gathered_although_they_come_one_by_one() -> None:
    sizes: list[int] = []

    def count(items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    together = Together(count)

    async def twice(number: int) -> None:
        await together(number)
        for _ in range(number):
            await asyncio.sleep(0)
        await together(number)

    await asyncio.gather(*(twice(number) for number in range(CROWD)))
    assert sizes == [CROWD, CROWD]


async def test_an_error_reaches_its_callers_and_the_next_call_works() -> None:
    def refuse_thirteen(items: list[int]) -> list[int]:
        if 13 in items:
            raise ValueError("thirteen")
        return items

    together = Together(refuse_thirteen)
    with pytest.raises(ValueError, match="thirteen"):
        await together(13)
    assert await together(14) == 14


async def test_a_caller_that_is_cancelled_does_not_disturb_the_others() -> None:
    loop, started, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait(items: list[int]) -> list[int]:
        loop.call_soon_threadsafe(started.set)
        release.wait(10)
        return items

    together = Together(wait)
    leaving = asyncio.create_task(together(1))
    staying = asyncio.create_task(together(2))
    await started.wait()
    leaving.cancel()
    release.set()
    assert await staying == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving
