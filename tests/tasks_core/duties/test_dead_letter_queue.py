"""Dead letters: their evidence, and their announcement on the broker."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import redis
from pydantic import BaseModel, SecretStr
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, PermanentError
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.broker.redis_client import key
from tasks_core.duties.dead_letter_queue import announce_dead_letters
from tasks_core.models import DeadLetter, Task
from tasks_core.signals import dead_letters_written
from tasks_core.testing import run_due
from tests.support.life import plain_type
from tests.support.threads import at_once
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


def _fails_with(*texts: str) -> None:
    """Register a type that fails with the text of its number, the last one being for all others."""

    @tasks_core.task_type("fail", retry=Fixed(max_attempts=1))
    def fail(payload: dict[str, int]) -> None:
        n = payload["n"]
        raise ValueError(texts[min(n, len(texts) - 1)].replace("#", str(n)))


def _dead(count: int = 1) -> list[DeadLetter]:
    tasks_core.enqueue_many("fail", [{"n": n} for n in range(count)])
    run_due()
    return list(DeadLetter.objects.order_by("pk"))


def _announced(client: "redis.Redis") -> list[dict[str, Any]]:
    raw: Any = client.lrange(key("dlq"), 0, -1)
    bodies = [base64.b64decode(json.loads(message)["body"]) for message in reversed(raw)]
    return [json.loads(body) for body in bodies]


@pytest.mark.guarantee(n=7)
def test_evidence_says_what_where_and_with_which_versions() -> None:
    _fails_with("order # not found")

    (letter,) = _dead()

    assert (letter.error, letter.message) == ("builtins.ValueError", "order 0 not found")
    assert "in fail" in letter.traceback
    assert letter.traceback.rstrip().endswith("ValueError: order 0 not found")
    assert (letter.task_type, letter.attempts, letter.worker) == ("fail", 1, "test")
    assert {"python", "celery", "django"} <= set(letter.versions)


def test_failures_of_one_kind_have_one_fingerprint() -> None:
    _fails_with("order # of 'customer #' not found")
    assert len({letter.fingerprint for letter in _dead(3)}) == 1


def test_failures_of_different_kinds_have_different_fingerprints() -> None:
    _fails_with("not found", "not allowed", "timed out")
    assert len({letter.fingerprint for letter in _dead(3)}) == 3


def test_long_texts_are_cut_and_the_end_of_the_traceback_is_kept() -> None:
    _fails_with("x" * 500_000)

    (letter,) = _dead()

    assert len(letter.message) == 2_000
    assert len(letter.traceback) <= 20_000


def test_dead_letter_is_announced_once_with_facts_and_no_payload(broker: "redis.Redis") -> None:
    _fails_with("broken")
    tasks_core.enqueue("fail", {"n": 0, "note": 4711})
    run_due()
    (letter,) = DeadLetter.objects.all()

    assert announce_dead_letters() == 1
    assert announce_dead_letters() == 0

    (message,) = _announced(broker)
    assert message == {
        "dead_letter_id": letter.pk,
        "task_id": letter.task_id,
        "task_type": "fail",
        "error": "builtins.ValueError",
        "reason": "its only attempt is used up",
        "fingerprint": letter.fingerprint,
        "attempts": 1,
        "created_at": letter.created_at.isoformat(),
    }


def test_beats_that_work_at_the_same_time_announce_each_once(broker: "redis.Redis") -> None:
    _fails_with("broken")
    letters = _dead(60)

    def announce(_: int) -> None:
        wait_until(
            lambda: (announce_dead_letters(), not DeadLetter.objects.unannounced().exists())[1]
        )

    at_once(4, announce)

    announced = [message["dead_letter_id"] for message in _announced(broker)]
    assert announced == [letter.pk for letter in letters]


def test_announcements_come_in_order_and_stop_at_the_limit(
    broker: "redis.Redis", settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "DEAD_LETTER_QUEUE_LIMIT": 3}
    _fails_with("broken")
    letters = _dead(5)

    assert [announce_dead_letters() for _ in range(2)] == [3, 0]
    assert [m["dead_letter_id"] for m in _announced(broker)] == [
        letter.pk for letter in letters[:3]
    ]

    broker.delete(key("dlq"))
    assert announce_dead_letters() == 2
    assert [m["dead_letter_id"] for m in _announced(broker)] == [
        letter.pk for letter in letters[3:]
    ]


def test_unreachable_broker_leaves_them_for_the_next_time(no_broker: None) -> None:
    _fails_with("broken")
    _dead()

    with pytest.raises(BrokerUnavailable):
        announce_dead_letters()
    assert DeadLetter.objects.unannounced().count() == 1


def test_broker_that_takes_nothing_leaves_them_for_the_next_time(
    broker_that_only_counts: None,
) -> None:
    _fails_with("broken")
    _dead()

    with pytest.raises(BrokerUnavailable):
        announce_dead_letters()
    assert DeadLetter.objects.unannounced().count() == 1


def test_announcements_can_be_switched_off(broker: "redis.Redis", settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "DEAD_LETTER_QUEUE": ""}
    _fails_with("broken")
    _dead()

    assert announce_dead_letters() == 0


def test_receivers_are_told_after_the_commit() -> None:
    told: list[int] = []

    def receive(ids: list[int], **_: object) -> None:
        told.extend(ids)
        raise RuntimeError("a receiver that fails changes nothing")

    dead_letters_written.connect(receive)
    _fails_with("broken")
    letters = _dead(2)
    dead_letters_written.disconnect(receive)

    assert told == [letter.pk for letter in letters]


class Login(BaseModel):
    user: str
    code: SecretStr


SECRETS = ["4711", 'it\'s "quoted" & ünï/code', "two\nlines", "tab\tand \\ slash"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "raise_with",
    [
        lambda s: ValueError(f"code {s} is wrong"),
        KeyError,
        lambda s: ValueError({"code": s}),
        lambda s: RuntimeError(json.dumps({"code": s})),
        lambda s: PermanentError("code=" + quote(s)),
    ],
    ids=["text", "key error", "dict", "json", "url"],
)
def test_secret_of_the_payload_is_nowhere_in_what_is_recorded(
    secret: str, raise_with: Callable[[str], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    @tasks_core.task_type("login", retry=Fixed(initial=0, max_attempts=2))
    def login(payload: Login) -> None:
        try:
            raise raise_with(payload.code.get_secret_value())
        except Exception as error:
            error.add_note(f"the code was {payload.code.get_secret_value()}")
            raise RuntimeError("failed") from error

    tasks_core.enqueue("login", {"user": "ada", "code": secret})
    run_due()

    letter = DeadLetter.objects.get()
    events = list(letter.task.events.values_list("data", flat=True))
    recorded = json.dumps(
        [letter.message, letter.traceback, letter.task.error, events, caplog.text]
    )
    for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret)):
        assert form not in letter.message + letter.traceback + letter.task.error
        assert json.dumps(form)[1:-1] not in recorded
    assert "••••••" in letter.traceback


def test_dead_letter_is_written_with_the_end_of_its_task_or_not_at_all() -> None:
    plain_type()
    _fails_with("broken")
    _dead(3)

    dead = set(Task.objects.filter(state="DEAD").values_list("pk", flat=True))
    assert dead == set(DeadLetter.objects.values_list("task_id", flat=True))
