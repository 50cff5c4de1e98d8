"""Processes that send to a mail server of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.processes import Processes
from tests.support.mail_server import MailServer

LOOPBACK = {
    "BELLRINGER_OUTGOING_HTTPS_ONLY": "false",
    "BELLRINGER_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8",
}
"""Lets processes reach the receivers of the tests."""


@contextmanager
def running_mailing(
    environment: dict[str, str], folder: Path, mail_server: MailServer
) -> Iterator[Processes]:
    address = {"EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}"}
    running = Processes({**environment, **address}, folder)
    try:
        yield running
    finally:
        running.end_all()
