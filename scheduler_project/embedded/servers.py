"""The pair of embedded servers of one data folder, shared by all processes that use it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scheduler_project.embedded.locks import Lock, exclusive
from scheduler_project.embedded.postgres import Postgres
from scheduler_project.embedded.valkey import Valkey


@dataclass(frozen=True)
class Addresses:
    """Where the two servers are; the URLs contain passwords."""

    database_url: str = field(repr=False)
    broker_url: str = field(repr=False)

    def variables(self) -> dict[str, str]:
        """Return the environment variables that lead a process to these servers."""
        return {"DATABASE_URL": self.database_url, "BROKER_URL": self.broker_url}


class Servers:
    """PostgreSQL and Valkey with their data below `folder`.

    Whoever uses them holds a shared lock; the last one to leave stops them, unless they were started
    to stay. The system gives up the locks of killed processes, so nothing has to be cleaned up.
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

    def addresses(self) -> Addresses | None:
        """Return where the servers are, None unless both are running."""
        database_url = self.postgres.url()
        broker_url = self.valkey.url()
        return Addresses(database_url, broker_url) if database_url and broker_url else None

    @contextmanager
    def used(self, *, fresh: bool = False) -> Iterator[Addresses]:
        """Run the servers for the block; `fresh` restarts those that are already running."""
        with Lock(self.folder / "servers.in-use") as in_use:
            with self._changing():
                in_use.share()
                if fresh:
                    self._stop()
                addresses = self._start()
            try:
                yield addresses
            finally:
                self._leave(in_use)

    def start(self) -> Addresses:
        """Start the servers to stay until `stop()`, also when all who use them have left."""
        with self._changing():
            addresses = self._start()
            self._stay.touch()
        return addresses

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

    def _start(self) -> Addresses:
        return Addresses(self.postgres.start(), self.valkey.start())

    def _stop(self) -> None:
        # The broker first: with it gone no worker starts anything new on the database.
        self.valkey.stop()
        self.postgres.stop()

    def _leave(self, in_use: Lock) -> None:
        with self._changing():
            if in_use.take() and not self._stay.exists():
                self._stop()
