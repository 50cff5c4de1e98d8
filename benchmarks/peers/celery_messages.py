"""Celery with a task for each message: `requests` for webhooks, Django's `send_mail` for mails."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-untyped, import-not-found, untyped-decorator"

import threading
from collections.abc import Iterable

import django
import requests
from celery import Celery
from django.conf import settings as django_settings
from django.core.mail import send_mail
from redis import Redis

from benchmarks import messages
from benchmarks.peers.interface import Peer, broker_url, python

app = Celery("bench", broker=broker_url())
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)
django_settings.configure(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=messages.port(),
)
django.setup()
_own = threading.local()


@app.task(name="webhook")
def webhook(i: int) -> None:
    """Sign and post, over a connection that the thread keeps."""
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    body = messages.document(i)
    headers = messages.signed_headers(i, body)
    _own.session.post(messages.url(), data=body, headers=headers, timeout=20).raise_for_status()


@app.task(name="mail")
def mail(i: int) -> None:
    """Send one mail, as the manual of Django has it."""
    text = messages.TEXT.format(i=i)
    send_mail(messages.subject(i), text, messages.SENDER, [messages.RECIPIENT])


TASKS = {"webhook": webhook, "mail": mail}


class CeleryMessages(Peer):
    """`delay` for each message; threads for webhooks, prefork for mails."""

    settings = (
        "webhooks: 2 workers with 100 threads each, one requests.Session a thread; mails: prefork, "
        "concurrency 2, send_mail; acks_late, results ignored, no gossip or mingle"
    )
    packages = ("celery", "kombu", "redis", "requests", "Django")
    handlers = ("webhook", "mail")
    schedules = False

    def open(self) -> None:
        """Open the producer's connection."""
        app.pool.acquire().default_channel.client.ping()

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `delay` a message."""
        task = TASKS[handler]
        for i in ids:
            task.delay(i=i)

    def waiting(self) -> int:
        """Messages in the one queue."""
        return int(Redis.from_url(broker_url()).llen("celery"))

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two processes: of a hundred threads each, or of a prefork pool."""
        worker = ("-m", "celery", "-A", __name__, "worker", "--loglevel", "WARNING")
        quiet = ("--without-gossip", "--without-mingle")
        if handler == "mail":
            return {"worker": python(*worker, *quiet, "--concurrency", "2")}
        threads = ("--pool", "threads", "--concurrency", "100")
        return {
            f"worker-{n}": python(*worker, *quiet, *threads, "--hostname", f"bench{n}@%h")
            for n in (1, 2)
        }


PEER = CeleryMessages()
