"""Ask embedded servers directly."""

from collections.abc import Mapping

import psycopg
import redis


def sql(variables: Mapping[str, str], statement: str) -> list[tuple[object, ...]]:
    """Run one statement and return its rows."""
    with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def broker(variables: Mapping[str, str], *command: str) -> object:
    """Run one command and return its answer."""
    with redis.Redis.from_url(
        variables["BROKER_URL"], socket_timeout=5, decode_responses=True
    ) as client:
        return client.execute_command(*command)


def processes(variables: Mapping[str, str]) -> tuple[int, int]:
    """Return the process ids of PostgreSQL and Valkey."""
    path = str(sql(variables, "SHOW data_directory")[0][0])
    rows = sql(variables, f"SELECT split_part(pg_read_file('{path}/postmaster.pid'), E'\\n', 1)")
    with redis.Redis.from_url(variables["BROKER_URL"], socket_timeout=5) as client:
        info = client.info("server")
    return int(str(rows[0][0])), int(info["process_id"])
