"""Fixtures for the notifications tests: real receivers, and the settings that allow them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_django import Settings

from notifications.api import publish_template, register_endpoint
from notifications.message_templates.compiled import compiled_version
from notifications.models import Endpoint, TemplateVersion
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.outgoing.guard import EVERY_PORT
from notifications.sending.outgoing.session import close_session
from tasks_core.worker import process
from tests.support.mail_server import MailServer, running_mail_server
from tests.support.name_server import Answers, running_name_server
from tests.support.receiver import Receiver, running_receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _no_compiled_versions() -> None:
    """Another test's database has other versions under the same ids."""
    compiled_version.cache_clear()


@pytest.fixture(autouse=True)
def _no_kept_places() -> None:
    """Another test's endpoints have other lanes under the same ids."""
    places.given_up()


@pytest.fixture(autouse=True)
def _worker_process_ends() -> Iterator[None]:
    """Stop what run_due started. Set up first, so that it comes down after the database's own."""
    yield
    if process.exists():
        process.drain()


class Changed(dict[str, Any]):
    """The entries of BELLRINGER that a test changes; each change assigns the setting anew."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._settings.BELLRINGER = {**self._settings.BELLRINGER, key: value}


@pytest.fixture
def allow_loopback(settings: Settings) -> dict[str, Any]:
    """Let outgoing requests reach the receivers of the tests; gives the settings to change."""
    changed = Changed(settings)
    changed["OUTGOING_HTTPS_ONLY"] = False
    changed["OUTGOING_ALLOWED_NETWORKS"] = ["127.0.0.0/8"]
    changed["OUTGOING_PORTS"] = [
        EVERY_PORT
    ]  # so that it is the address that is refused where one is
    return changed


@pytest.fixture
def receiver(allow_loopback: dict[str, Any]) -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


Install = Callable[[Answers], list[str]]


@pytest.fixture
def names(settings: Settings) -> Iterator[Install]:
    """Give a function that lets a name server answer as it says; that gives the names asked for."""
    with ExitStack() as stack:

        def install(answers: Answers) -> list[str]:
            server = stack.enter_context(running_name_server(answers))
            listed = [f"127.0.0.1:{server.port}"]
            settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_NAME_SERVERS": listed}
            return server.asked

        yield install


@pytest.fixture
async def closing_session() -> AsyncIterator[None]:
    """Close the outgoing session of the test's own event loop."""
    yield
    await close_session()


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    with running_mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = running.port
        settings.EMAIL_HOST_USER = ""
        settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = False
        settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "Bank <bank@bank.example>"
        yield running


@pytest.fixture
def receipt(db: None) -> TemplateVersion:
    return publish_template(
        "receipt",
        subject="Receipt {{ number }}",
        text="Dear {{ name }}, thank you for {{ amount|decimals }} EUR.",
        html="<p>Dear {{ name }}</p>",
        sample={"number": 1, "name": "Ada", "amount": "1.00"},
    )


@pytest.fixture
def code_template(db: None) -> TemplateVersion:
    return publish_template(
        "one-time-code",
        subject="Your code is {{ code }}",
        text="Hello {{ name }}, your code is {{ code }}.",
        sample={"code": "000000", "name": "Ada"},
    )


@pytest.fixture
def paid(db: None) -> TemplateVersion:
    return publish_template(
        "payment.settled",
        channel="webhook",
        text='{"type": "payment.settled", "data": {"id": {{ id }}, "order": {{ order }} }}',
        sample={"id": "p1", "order": {"n": 1}},
    )


@pytest.fixture
def endpoint(db: None, receiver: Receiver) -> Endpoint:
    return register_endpoint("merchant", receiver.url, secret=SECRET)
