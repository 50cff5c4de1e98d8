"""The embedded servers of one data folder, shared by all processes that use them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scheduler_project.embedded.locks import Lock, exclusive
from scheduler_project.embedded.postgres import Postgres
from scheduler_project.embedded.valkey import Valkey

VARIABLES = ("DATABASE_URL", "BROKER_URL")


class Servers:
    """PostgreSQL and Valkey with their data below `folder`.

    Whoever uses them holds a shared lock; the last one to leave stops them, unless they were
    started to stay. The system gives up the locks of killed processes, so nothing has to be
    cleaned up.

    Methods return the environment variables that lead to running servers; they contain passwords.
    """

    def __init__(
        self,
        folder: Path,
        *,
        postgres_settings: Mapping[str, str] | None = None,
        valkey_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.postgres = Postgres(folder / "postgres", postgres_settings or {})
        self.valkey = Valkey(folder / "valkey", valkey_settings or {})

    def running(self) -> dict[str, str]:
        """Return the variables of the servers that are running."""
        urls = {"DATABASE_URL": self.postgres.url(), "BROKER_URL": self.valkey.url()}
        return {variable: url for variable, url in urls.items() if url}

    @contextmanager
    def used(
        self, variables: Collection[str] = VARIABLES, *, fresh: bool = False
    ) -> Iterator[dict[str, str]]:
        """Run the servers that `variables` name for the block.

        `fresh` restarts those that are already running, for example after a killed run.
        """
        with Lock(self.folder / "servers.in-use") as in_use:
            with self._changing():
                in_use.share()
                if fresh:
                    self._stop()
                running = self._start(variables)
            try:
                yield running
            finally:
                self._leave(in_use)

    def start(self) -> dict[str, str]:
        """Start the servers to stay until `stop()`, also when all who use them have left."""
        with self._changing():
            running = self._start(VARIABLES)
            self._stay.touch()
        return running

    def stop(self) -> None:
        """Stop the servers, whoever uses them."""
        with self._changing():
            self._stay.unlink(missing_ok=True)
            self._stop()

    @property
    def _stay(self) -> Path:
        return self.folder / "servers.stay"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with exclusive(self.folder / "servers.changing"):
            yield

    def _start(self, variables: Collection[str]) -> dict[str, str]:
        starts = {"DATABASE_URL": self.postgres.start, "BROKER_URL": self.valkey.start}
        return {variable: start() for variable, start in starts.items() if variable in variables}

    def _stop(self) -> None:
        # The broker first: with it gone no worker starts anything new on the database.
        self.valkey.stop()
        self.postgres.stop()

    def _leave(self, in_use: Lock) -> None:
        with self._changing():
            if in_use.take() and not self._stay.exists():
                self._stop()
