"""Name lookups in threads of their own: and one at a time for each name."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# A lookup cannot be interrupted, so a name server that does not answer keeps its thread for as long as
# the system's resolver asks it (5 to 30 s). The event loop's own threads are few, and serve others too.
_threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="lookup")

Answers = list[Any]
"""As ``socket.getaddrinfo`` gives them."""


class Lookups:
    """The lookups of one event loop. Who asks for a name that is being looked up shares the answer."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int, int], asyncio.Future[Answers]] = {}

    async def answers(self, host: str, port: int, family: int) -> Answers:
        """Look a name up; who stops waiting stops nobody else.

        Raises:
            socket.gaierror: there is no such name.
        """
        try:
            return await asyncio.shield(self._lookup(host, port, family))
        except UnicodeError:  # a label is empty or too long, so nobody can have that name
            raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from None

    def _lookup(self, host: str, port: int, family: int) -> "asyncio.Future[Answers]":
        key = (host, port, family)
        found = self._under_way.get(key)
        if found is None:
            loop = asyncio.get_running_loop()
            found = loop.run_in_executor(
                _threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM
            )
            self._under_way[key] = found
            found.add_done_callback(lambda ended: self._forget(key, ended))
        return found

    def _forget(self, key: tuple[str, int, int], ended: "asyncio.Future[Answers]") -> None:
        del self._under_way[key]
        if not ended.cancelled():
            ended.exception()  # nobody may be left to hear of it, and that is no error
