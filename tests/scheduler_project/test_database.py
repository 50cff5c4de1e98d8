"""DATABASE_URL becomes Django's settings."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from scheduler_project.database import database_settings
from scheduler_project.embedded.ports import free_port


def test_connections_persist_and_are_checked() -> None:
    settings = database_settings("postgresql://u:p%40w@db.example.com:6543/bell")
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == (
        "db.example.com",
        6543,
        "bell",
    )
    assert settings["PASSWORD"] == "p@w"
    assert settings["CONN_MAX_AGE"] is None
    assert settings["CONN_HEALTH_CHECKS"] is True


def test_dead_connections_are_noticed_unless_the_address_says_otherwise() -> None:
    options = database_settings("postgresql://h/db?connect_timeout=3&sslmode=require")["OPTIONS"]
    assert options["connect_timeout"] == 3
    assert options["sslmode"] == "require"
    assert options["keepalives_idle"] == 30


def test_unix_socket_is_a_host_that_is_a_folder() -> None:
    assert database_settings("postgresql://u@%2Fvar%2Frun/bell")["HOST"] == "/var/run"


def test_several_servers_go_to_the_driver_in_their_order() -> None:
    settings = database_settings("postgresql://u:p%40w@one.example.com,[fd00::2]:6543,three/bell")
    assert settings["HOST"] == "one.example.com,fd00::2,three"
    assert settings["PORT"] == "5432,6543,5432"
    assert (settings["USER"], settings["PASSWORD"], settings["NAME"]) == ("u", "p@w", "bell")


def test_only_servers_that_take_writes_are_used_unless_the_address_says_otherwise() -> None:
    assert database_settings("postgresql://h/db")["OPTIONS"]["target_session_attrs"] == "read-write"
    options = database_settings("postgresql://h/db?target_session_attrs=any")["OPTIONS"]
    assert options["target_session_attrs"] == "any"


def _wrapper(servers: str) -> DatabaseWrapper:
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{servers}/{known['NAME']}"
    return DatabaseWrapper({**known, **database_settings(url)}, alias="default")


@pytest.fixture
def server() -> str:
    return f"{connection.settings_dict['HOST']}:{connection.settings_dict['PORT']}"


@pytest.mark.usefixtures("transactional_db")
def test_a_server_that_does_not_answer_is_passed_over(server: str) -> None:
    wrapper = _wrapper(f"127.0.0.1:{free_port()},{server}")
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    wrapper.close()


@pytest.fixture
def read_only(transactional_db: None) -> Iterator[None]:
    """Let new sessions take no writes, as those of a standby do."""
    name = sql.Identifier(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        cursor.execute(statement.format(name))
        yield
        cursor.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


@pytest.mark.usefixtures("read_only")
def test_a_server_that_takes_no_writes_is_refused(server: str) -> None:
    wrapper = _wrapper(server)
    with pytest.raises(OperationalError, match="read-only"):
        wrapper.ensure_connection()
