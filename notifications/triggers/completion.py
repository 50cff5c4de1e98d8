"""Wait for what must not be left half way, even by a handler whose worker stops meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


async def complete(work: Coroutine[Any, Any, Answer]) -> tuple[Answer, bool]:
    """Return the answer of ``work``, and whether the caller was cancelled before it was there."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        return await task, True
