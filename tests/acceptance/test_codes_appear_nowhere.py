"""The secrets of a whole installation, in every written form: each is where it belongs, and nowhere else.

They are a one-time code, a magic link, the credentials of a provider, a trigger, a destination and an event
source, a secret of a task, and what the installation is configured with. All that could write
them down is switched on: workers that log everything, Flower, a collector of traces, a collector of error
reports, servers that quote what they were sent, in forms of their own.
"""

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

import tasks_core
from notifications.api import (
    notify,
    publish_template,
    register_destination,
    register_endpoint,
    register_event_source,
    register_provider,
)
from notifications.models import Endpoint, EventSource, Notification, TriggerInvocation
from notifications.sending.providers.accounts import forget_accounts
from notifications.sending.standard_webhooks.secrets import live_secrets
from notifications.triggers.scheduled_events import create_scheduled_event
from scheduler_project.embedded.ports import free_port
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tests.acceptance.mailing import LOOPBACK
from tests.acceptance.processes import Processes
from tests.acceptance.searching import (
    found_secrets,
    secrets_of_configuration,
    whole_broker,
    whole_database,
)
from tests.admin.test_notifications import every_page
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.collector import Collector, running_collector
from tests.support.mail_server import MailServer, running_mail_server, text_of
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.sentry import SentryServer, running_sentry
from tests.support.waiting import wait_until
from tests.support.written_forms import written

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300), pytest.mark.guarantee(n=4)]

CODE = "918273645546"
LINK = "kQ7-x/Zp.9+w=R&s=ada@example.com"
GATEWAY_TOKEN = "gateway-token-4711"
TRIGGER_TOKEN = "kP4/trigger+token=8152"
ROOM = "T4711/B0815/room-w3bh00k"
TASK_SECRET = "task & <secret> 60221"
LOGIN = "operator:flower-password"
NUMBER = "+4915112345678"
# So that nobody looks for the code where nothing is.
WHAT_IS_THERE = {
    "database": "ada@example.com",
    "database before": "ada@example.com",
    "broker before": "notification.deliver.sms",
    "dead letters": "the gateway",
    "log of the worker": "notification.deliver.sms",
    "log of beat": "duties started",
    "pages of the admin": "ada@example.com",
    "traces": "notification.deliver.webhook",
    "error reports": "notification.deliver",
    "Flower /api/tasks?limit=1000": "notification.deliver.email",
    "Flower /api/workers?refresh=1": "CELERY_BROKER_URL",
    "inspect conf": "CELERY_BROKER_URL",
    "inspect stats": "rusage",
    "inspect report": "CELERY_BROKER_URL",
}


class Surroundings(NamedTuple):
    """Servers outside of the installation."""

    mails: MailServer
    gateway: Receiver
    hooks: Receiver
    triggers: Receiver
    room: Receiver
    traces: Collector
    errors: SentryServer


@pytest.fixture
def around() -> Iterator[Surroundings]:
    with ExitStack() as stack:
        yield Surroundings(
            mails=stack.enter_context(running_mail_server()),
            gateway=stack.enter_context(running_receiver()),
            hooks=stack.enter_context(running_receiver()),
            triggers=stack.enter_context(running_receiver()),
            room=stack.enter_context(running_receiver()),
            traces=stack.enter_context(running_collector()),
            errors=stack.enter_context(running_sentry()),
        )


@pytest.fixture
def installation(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    settings: Settings,
    around: Surroundings,
) -> Iterator[Processes]:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
    }
    environment = {
        **process_environment,
        **LOOPBACK,
        **around.traces.environment,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "EMAIL_URL": f"smtp://127.0.0.1:{around.mails.port}",
        "SENTRY_DSN": around.errors.dsn,
        "FLOWER_BASIC_AUTH": LOGIN,
    }
    forget_accounts()
    running = Processes(environment, tmp_path)
    yield running
    running.end_all()
    forget_accounts()


def test_no_secret_is_in_a_place_where_anybody_could_find_it(
    installation: Processes, around: Surroundings, broker: "redis.Redis"
) -> None:
    flower = f"http://127.0.0.1:{free_port(5555)}"
    installation.start_flower(flower)
    wait_until(lambda: answers(f"{flower}/api/workers"), seconds=60, what="Flower answers")
    installation.start_beat("beat", "--loglevel", "DEBUG")
    send_codes(around)
    use_other_secrets(around)
    wait_until(lambda: "notification.deliver.sms" in whole_broker(broker), seconds=60)
    places = {"database before": whole_database(), "broker before": whole_broker(broker, "*")}
    installation.start_worker("one", "--loglevel", "DEBUG", "--task-events")
    wait_until(lambda: not soon().exists(), seconds=120, what="all but the later one have ended")
    wait_until(lambda: dead_letters("project.login") == 1, seconds=60)
    wait_until(TriggerInvocation.objects.exists, seconds=60)
    wait_until(lambda: around.traces.spans("delivery"), seconds=60)
    wait_until(lambda: around.errors.events, seconds=60)
    wait_until(lambda: "notification.deliver" in ask(f"{flower}/api/tasks?limit=1000"), seconds=60)

    check_that_they_arrived(around)
    places |= {
        "database": whole_database(),
        "broker": whole_broker(broker, "*"),
        "dead letters": "".join(
            f"{one.message}{one.traceback}" for one in DeadLetter.objects.all()
        ),
        "log of the worker": installation.log("one"),
        "log of beat": installation.log("beat"),
        "log of Flower": installation.log("flower"),
        "pages of the admin": "\n".join(every_page(superuser())),
        "traces": "".join(span.text for span in around.traces.spans()),
        "error reports": around.errors.text,
        **{f"Flower {path}": ask(flower + path) for path in flower_paths(flower)},
        **{f"inspect {what}": installation.inspect(what) for what in ("conf", "stats", "report")},
    }
    assert [place for place, text in places.items() if not text] == []
    secrets = secrets_of_configuration() | {
        "the code": CODE,
        "the link": LINK,
        "the token of the gateway": GATEWAY_TOKEN,
        "the login of Flower": LOGIN.partition(":")[2],
        "the secret of the endpoint": secret_of(Endpoint.objects.get()),
        "the secret of the event source": secret_of(EventSource.objects.get()),
        "the token of the trigger": TRIGGER_TOKEN,
        "the address of the room": ROOM,
        "the secret of the task": TASK_SECRET,
    }
    assert all(len(secret) > 8 for secret in secrets.values())
    assert len(secrets) >= 13
    assert list(found_secrets(secrets, places)) == []
    assert "gAAAA" not in places["pages of the admin"]  # nor is what is sealed
    for place, word in WHAT_IS_THERE.items():
        assert word in places[place], place


def secret_of(row: "Endpoint | EventSource") -> str:
    [secret] = live_secrets(row.secrets, clock.now())
    return secret


def use_other_secrets(around: Surroundings) -> None:
    """Let each be used, and quoted by whoever is sent it."""
    quoted = " ".join(form for form in written(TRIGGER_TOKEN).values() if form.isprintable())
    around.triggers.plan(Reply(400, {"X-Said": quote(TRIGGER_TOKEN)}, f"no {quoted}".encode()))
    create_scheduled_event(
        webhook=around.triggers.url,
        schedule_at=clock.now(),
        headers=[{"name": "X-Api-Key", "value": TRIGGER_TOKEN}],
        retry_conf={"num_retries": 0},
    )
    around.room.plan(Reply(404, body=f"no room {quote(ROOM, safe='')}, {ROOM}".encode()))
    url = f"{around.room.url.removesuffix('/hook')}/services/{ROOM}"
    register_destination("room", channel="slack", url=url)
    publish_template("alert", channel="slack", text="*Alert*")
    notify("alert", to="room", channel="slack")
    register_event_source("mails")
    tasks_core.enqueue("project.login", {"code": TASK_SECRET, "note": "a login"})


def dead_letters(task_type: str) -> int:
    return DeadLetter.objects.filter(task_type__startswith=task_type).count()


def send_codes(around: Surroundings) -> None:
    """One for each channel that succeeds and one that fails, one for later, one to be sent again."""
    publish_template("code", subject="Your code is {{ code }}", text="{{ code }} is your code.")
    publish_template("link", subject="Log in", text="https://example.com/l?t={{ t|urlencode }}")
    publish_template("code", channel="sms", text="{{ code }} is your code.")
    publish_template("code", channel="webhook", text='{"code": {{ code }} }')
    register_provider(
        "sms-main",
        channel="sms",
        kind="twilio",
        credentials={"account_sid": "AC1", "auth_token": GATEWAY_TOKEN},
        options={"sender": "+4930123456"},
        base_url=around.gateway.url.removesuffix("/hook"),
    )
    quoted = {"message": f"bad text {CODE}", "sid": written(CODE)["base64 at 1"]}
    echo = json.dumps({"code": 21211, "status": GATEWAY_TOKEN, **quoted}).encode()
    around.gateway.plan(Reply(201, body=b'{"sid": "SM1"}'), Reply(400, body=echo))
    around.hooks.plan(Reply(200, body=CODE.encode()), Reply(400, body=f"no {CODE}".encode()))
    around.mails.replies += [f"550 5.7.1 your text {CODE} is not welcome", *refused_links()]
    endpoint = register_endpoint("merchant", around.hooks.url)
    for to in ("ada@example.com", "bea@example.com", NUMBER, NUMBER, endpoint, endpoint):
        send(to)
    for number, _ in enumerate(refused_links()):
        send(f"link{number}@example.com", template="link", secret={"t": LINK})
    send("resent@example.com", resends=2, requester="203.0.113.9")
    send("later@example.com", run_after=clock.now() + timedelta(hours=1))


def refused_links() -> list[str]:
    """Return replies that quote the link, each in another form, and the code with it."""
    forms = (form for form in written(LINK).values() if form.isprintable())
    return [f"554 5.7.1 no {form}, {written(CODE)['html, numbers']}" for form in forms]


def send(
    to: "str | Endpoint",
    template: str = "code",
    secret: dict[str, str] | None = None,
    **options: Any,
) -> None:
    notify(
        template,
        to=to,
        secret_context=secret or {"code": CODE},
        category="otp",
        expires_at=clock.now() + timedelta(hours=3),
        **options,
    )


def soon() -> Any:
    return Notification.objects.unfinished().exclude(address="later@example.com")


def check_that_they_arrived(around: Surroundings) -> None:
    assert len(around.mails.messages) == 2
    assert all(
        CODE in str(mail["Subject"]) or quote(LINK) in text_of(mail)
        for mail in around.mails.messages
    )
    for outside in (around.gateway, around.hooks):
        assert [CODE.encode() in seen.body for seen in outside.received] == [True, True]
    [called] = around.triggers.received
    assert TRIGGER_TOKEN in called.headers.values()
    assert [seen.path for seen in around.room.received] == [f"/services/{ROOM}"]
    assert dead_letters("notification.deliver") == 4 + len(refused_links())
    assert Task.objects.filter(state="SCHEDULED").count() == 1


def superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def flower_paths(flower: str) -> list[str]:
    """Every task that Flower knows, and its pages."""
    tasks = json.loads(ask(f"{flower}/api/tasks?limit=1000"))
    pages = [
        "/api/tasks?limit=1000",
        "/api/workers?refresh=1",
        "/api/task/types",
        "/api/queues/length",
        "/tasks",
        "/workers",
        "/broker",
        "/metrics",
    ]
    return pages + [f"/api/task/info/{one}" for one in tasks] + [f"/task/{one}" for one in tasks]


def ask(url: str) -> str:
    request = urllib.request.Request(url)
    request.add_header("Authorization", f"Basic {base64.b64encode(LOGIN.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(answer.read().decode())


def answers(url: str) -> bool:
    try:
        return bool(ask(url))
    except OSError:
        return False
