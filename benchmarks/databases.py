"""A new database for each measurement, copied from a template that holds the peer's schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from benchmarks.servers import Pair


def create(pair: Pair, name: str, *, template: str = "template0") -> str:
    """Create a database, replacing one of that name; return its URL."""
    drop(pair, name)
    with pair.administer() as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return pair.database(name)


def drop(pair: Pair, name: str) -> None:
    """Drop a database and end its sessions."""
    with pair.administer() as session:
        session.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@contextmanager
def copied(pair: Pair, *, template: str, name: str) -> Iterator[str]:
    """A copy of the template for the block; it begins with everything flushed to disk."""
    url = create(pair, name, template=template)
    with pair.administer() as session:
        session.execute("CHECKPOINT")
    try:
        yield url
    finally:
        drop(pair, name)
