"""The ports of the platform's servers: chosen while they are free, and again if another was faster."""

from collections.abc import Mapping

import psutil

from scheduler_project.embedded.ports import free_port, is_free


class Ports:
    """One port for each server; the preferred one if it is free."""

    def __init__(self, preferred: Mapping[str, int]) -> None:
        self._preferred = dict(preferred)
        self._chosen = dict(preferred)

    def __getitem__(self, name: str) -> int:
        return self._chosen[name]

    def choose(self) -> None:
        """Choose all of them; best just before they are listened on."""
        self._chosen = {name: free_port(port) for name, port in self._preferred.items()}

    def move_if_taken(self, name: str) -> bool:
        """Choose another port for a server that does not run, if its own is in use; say whether it was.

        What is no server has no port, and is never moved.
        """
        port = self._chosen.get(name)
        if port is None or is_free(port):
            return False
        self._chosen[name] = free_port()
        return True


def listens(pid: int, port: int) -> bool:
    """Return whether a process or one of its children listens on a port."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return any(_listens(member, port) for member in family)
    except psutil.Error:
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    return any(
        known.status == psutil.CONN_LISTEN and known.laddr.port == port
        for known in process.net_connections(kind="tcp")
    )
