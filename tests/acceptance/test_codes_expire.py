"""A one-time code whose provider has frozen: it is never sent late, and the reason can be seen."""

import socket
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client

from notifications.api import notify, publish_template
from notifications.models import Delivery
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tests.acceptance.processes import Processes
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

CODE = "918273645546"
LIFE = timedelta(seconds=6)


@pytest.mark.guarantee(n=3)
def test_a_frozen_mail_server_never_gets_a_code_after_it_has_expired(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> None:
    """The system takes its connections, as it does for a process that stands still; it says nothing.

    It stays frozen for twice as long as the code lives, and then hears all that was sent meanwhile.
    """
    publish_template("login-code", subject="Your code", text="{{ code }} is your code.")
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        address = {"EMAIL_URL": f"smtp://127.0.0.1:{frozen.getsockname()[1]}"}
        processes = Processes({**process_environment, **address}, tmp_path)
        try:
            processes.start_beat()
            processes.start_worker()
            began = time.monotonic()
            notification = notify(
                "login-code",
                to="ada@example.com",
                secret_context={"code": CODE},
                category="otp",
                expires_at=clock.now() + LIFE,
            )
            wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
            notification.refresh_from_db()
            assert notification.finished_at is not None
            assert notification.expires_at is not None
            assert notification.finished_at - notification.expires_at < 2 * LIFE
            wait_until(lambda: time.monotonic() > began + 2 * LIFE.total_seconds(), seconds=30)
            heard = thaw(frozen)
        finally:
            processes.end_all()
    assert heard, "it was connected to"
    assert b"MAIL" not in b"".join(heard)
    assert CODE.encode() not in b"".join(heard)
    assert (notification.state, notification.secret_context) == ("expired", "")
    assert Delivery.objects.get().state == "expired"
    assert not DeadLetter.objects.exists()
    assert notification.reason
    assert notification.reason in page_of(notification.pk)


def thaw(frozen: socket.socket) -> list[bytes]:
    """Greet everybody who has connected, and return what each said."""
    heard: list[bytes] = []
    frozen.settimeout(1)
    with suppress(TimeoutError):
        while True:
            connection, _ = frozen.accept()
            connection.settimeout(1)
            with connection, suppress(OSError):
                heard.append(b"")
                connection.sendall(b"220 awake again\r\n")
                while said := connection.recv(10_000):
                    heard[-1] += said
                    connection.sendall(b"250 ok\r\n")
    return heard


def page_of(notification_id: int) -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    answer = client.get(f"/admin/notifications/notification/{notification_id}/change/")
    return str(answer.content.decode())
