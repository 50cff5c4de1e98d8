"""An embedded PostgreSQL server in one folder."""

import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from scheduler_project.data_folder import kept_secret
from scheduler_project.embedded.account import Account, account_for
from scheduler_project.embedded.errors import EmbeddedServerError
from scheduler_project.embedded.ports import LOOPBACK, free_port
from scheduler_project.embedded.processes import end, processes_in, spawn, wait_until
from scheduler_project.embedded.programs import postgres_programs

USER = DATABASE = "bellringer"
START_SECONDS = 60
STOP_SECONDS = 30
PORT_ATTEMPTS = 5
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "log_min_duration_statement": "-1",
}


@dataclass
class Postgres:
    """PostgreSQL with its data in `folder`; `settings` override those of postgresql.conf."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The folder of the database cluster."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self.folder / "postgres.log"

    def url(self) -> str | None:
        """Return the DATABASE_URL of the running server, None if it is not running."""
        if self._postmaster() is None:
            return None
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        # The port is the fourth line, the state the eighth (`ready   `).
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        return self._url(int(lines[3]), DATABASE)

    def start(self) -> str:
        """Start the server unless it runs already; return its DATABASE_URL."""
        if url := self.url():
            return url
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        programs = postgres_programs()
        account = account_for(self.data, programs / "postgres")
        self._initialise(programs, account)
        self._clear_remains()
        port = self._launch(programs, account)
        self._create_database(port)
        return self._url(port, DATABASE)

    def stop(self) -> None:
        """Stop the server, ending open sessions; nothing happens if it is not running."""
        if process := self._postmaster():
            end(process, signal=signal.SIGINT, seconds=STOP_SECONDS)

    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    def _url(self, port: int, database: str) -> str:
        return f"postgresql://{USER}:{self._password()}@{LOOPBACK}:{port}/{database}"

    def _postmaster(self) -> psutil.Process | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        running = processes_in(self.data.resolve(), ["postgres"])
        return next((p for p in running if p.pid == pid), None)

    def _initialise(self, programs: Path, account: Account) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        # Built beside and renamed when complete: a killed first run leaves no half of a cluster.
        with tempfile.TemporaryDirectory(prefix="new-", dir=self.folder) as draft:
            account.own(Path(draft))
            self._initdb(programs, account, Path(draft))
            (Path(draft) / "data").rename(self.data)

    def _initdb(self, programs: Path, account: Account, draft: Path) -> None:
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(self._password())
        account.own(password)
        command = account.command(
            programs / "initdb",
            f"--pgdata={draft / 'data'}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise EmbeddedServerError(
                f"initdb could not make a PostgreSQL data folder in {self.folder}:\n"
                f"{done.stderr.strip()}"
            )

    def _clear_remains(self) -> None:
        """Remove what a killed server left behind that would keep a new one from starting."""
        # Sessions whose postmaster was killed end by themselves, a moment later.
        for process in processes_in(self.data.resolve(), ["postgres"]):
            end(process, signal=signal.SIGQUIT, seconds=STOP_SECONDS)
        # PostgreSQL would refuse to start if the process id in this file now belongs to any other
        # process of the same user.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, programs: Path, account: Account) -> int:
        for _ in range(PORT_ATTEMPTS):
            port = free_port()
            process = self._spawn(programs, account, port)
            if self._accepts(process, port):
                return port
            # Most likely another program was given the port meanwhile.
        raise EmbeddedServerError(
            f"PostgreSQL does not start. The end of {self.log}:\n{_tail(self.log)}"
        )

    def _spawn(self, programs: Path, account: Account, port: int) -> subprocess.Popen[bytes]:
        settings = {**SETTINGS, **self.settings, "port": str(port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = account.command(programs / "postgres", "-D", str(self.data), *options)
        return spawn(command, log=self.log, folder=self.folder)

    def _accepts(self, process: subprocess.Popen[bytes], port: int) -> bool:
        wait_until(
            lambda: process.poll() is not None or self._connects(port),
            seconds=START_SECONDS,
            what=f"PostgreSQL did not accept connections (its log: {self.log})",
        )
        return process.poll() is None

    def _connects(self, port: int) -> bool:
        try:
            psycopg.connect(self._url(port, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self, port: int) -> None:
        with psycopg.connect(self._url(port, "postgres"), autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
