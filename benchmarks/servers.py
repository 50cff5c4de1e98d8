"""The benchmark's own PostgreSQL and Valkey, the same for all peers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from benchmarks.folders import bench_folder
from scheduler_project.embedded.processes import processes_in
from scheduler_project.embedded.servers import Servers

POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
}
VALKEY_SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": '""',
}


@dataclass(frozen=True)
class Pair:
    """The running servers and the process ids whose use of the machine counts as theirs."""

    database_url: str
    broker_url: str
    postgres: int
    valkey: int

    def database(self, name: str) -> str:
        """The URL of another database of the same server."""
        return urlunsplit(urlsplit(self.database_url)._replace(path=f"/{name}"))

    def administer(self) -> psycopg.Connection:
        """A session outside all measured databases."""
        return psycopg.connect(self.database_url, autocommit=True)

    def broker(self) -> "redis.Redis":
        """A client of Valkey."""
        return redis.Redis.from_url(self.broker_url, socket_timeout=30)


@contextmanager
def running() -> Iterator[Pair]:
    """Start both for the block, stop both after it."""
    servers = Servers(
        bench_folder() / "servers",
        postgres_settings=POSTGRES_SETTINGS,
        valkey_settings=VALKEY_SETTINGS,
    )
    with servers.used(fresh=True) as variables:
        postmaster = (servers.postgres.data / "postmaster.pid").read_text().split()[0]
        valkey = processes_in(servers.valkey.folder.resolve(), ["valkey-server", "redis-server"])
        yield Pair(
            variables["DATABASE_URL"], variables["BROKER_URL"], int(postmaster), valkey[0].pid
        )
