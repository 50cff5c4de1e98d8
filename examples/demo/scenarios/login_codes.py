"""One-time codes by SMS, some to numbers that the gateway does not take."""

from datetime import timedelta

from examples.demo.asked import Asked
from examples.demo.behaviour import is_no_mobile
from examples.demo.checks import Check
from examples.demo.kinds import LOGIN, key
from examples.demo.scenarios.stage import Found, Stage
from examples.payments.codes import new_code
from notifications.api import notify
from tasks_core import clock

CODES = 20
VALID_FOR = timedelta(minutes=5)


def ask(stage: Stage) -> Asked:
    """Send codes to phones."""
    codes = [new_code() for _ in range(CODES)]
    return Asked({LOGIN: CODES}, {_send(stage, n, code): code for n, code in enumerate(codes)})


def number_of(stage: Stage, n: int) -> str:
    """Give a phone number that no other run has."""
    return f"+49151{stage.number:05}{n:03}"


def check(stage: Stage, found: Found) -> Check:
    """Numbers that take no SMS got none, all others did."""
    numbers = [number_of(stage, n) for n in range(CODES)]
    wanted = {number for number in numbers if not is_no_mobile(number)}
    got = {number for number in numbers if number in found.texts.texts}
    if got != wanted:
        return Check(False, f"Login codes reached {len(got)} phones instead of {len(wanted)}")
    return Check(True, f"Login codes: {len(got)} by SMS, {CODES - len(got)} to no mobile phone")


def _send(stage: Stage, n: int, code: str) -> int:
    notification = notify(
        "login-code",
        to=number_of(stage, n),
        context={"minutes": int(VALID_FOR.total_seconds() // 60)},
        secret_context={"code": code},
        category="otp",
        expires_at=clock.now() + VALID_FOR,
        idempotency_key=key(stage.run, n, LOGIN),
    )
    return notification.pk
