"""DATABASE_URL becomes Django's settings."""

from scheduler_project.database import database_settings


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
