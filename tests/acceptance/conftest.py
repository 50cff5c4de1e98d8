"""Fixtures of the tests that run the whole platform as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from tasks_core.events.rebuilding import rebuild
from tests.acceptance.mailing import LOOPBACK, running_mailing
from tests.acceptance.processes import Processes
from tests.support.mail_server import MailServer, running_mail_server
from tests.support.receiver import Receiver, running_receiver


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the demo runs of this session share, one after the other."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(autouse=True)
def _tasks_and_events_agree(request: pytest.FixtureRequest) -> Iterator[None]:
    """Derive every task from its events after the test, and compare it with its row.

    The demo has a database of its own.
    """
    has_tasks = "transactional_db" in request.fixturenames
    if has_tasks:
        request.getfixturevalue("transactional_db")  # which empties the tables, after this
    yield
    if has_tasks:
        assert [found for chunk in rebuild() for found in chunk.differences] == []


@pytest.fixture
def processes(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Processes]:
    """Give workers and beats on the test's own database and empty queues."""
    started = Processes(process_environment, tmp_path)
    yield started
    started.end_all()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Give a mail server that takes every mail."""
    with running_mail_server() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a receiver of webhooks."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def mailing(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    mail_server: MailServer,
    settings: Settings,
) -> Iterator[Processes]:
    """Give workers and beats that send to the mail server, and reach receivers on this machine."""
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
    }
    with running_mailing({**process_environment, **LOOPBACK}, tmp_path, mail_server) as running:
        yield running
