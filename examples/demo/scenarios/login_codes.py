"""One-time codes by SMS, and by mail where the gateway does not take the number."""

from datetime import timedelta

from examples.demo.asked import Asked
from examples.demo.behaviour import is_no_mobile
from examples.demo.checks import Check
from examples.demo.kinds import LOGIN, key
from examples.demo.scenarios.stage import Found, Stage
from examples.payments.codes import new_code
from examples.payments.vocabulary import CLOSED_MARK, is_closed
from notifications.api import Fallback, notify
from tasks_core import clock

CODES = 20
UNREACHABLE = 15
"""The one of them whose number takes no SMS and whose mailbox does not exist."""
VALID_FOR = timedelta(minutes=5)


def ask(stage: Stage) -> Asked:
    """Send codes to phones, with a mail address for each in case that fails."""
    codes = [new_code() for _ in range(CODES)]
    return Asked({LOGIN: CODES}, {_send(stage, n, code): code for n, code in enumerate(codes)})


def number_of(stage: Stage, n: int) -> str:
    """Give a phone number that no other run has."""
    return f"+49151{stage.number:05}{n:03}"


def mailbox_of(stage: Stage, n: int) -> str:
    """Give the address for the same code, if the number takes no SMS."""
    mark = f"{CLOSED_MARK}." if n == UNREACHABLE else ""
    return f"{mark}login{stage.number:05}{n:03}@customers.example"


def check(stage: Stage, found: Found) -> Check:
    """A number that takes SMS got the code and its mailbox did not; of the others it is the mailbox."""
    numbers = {n: number_of(stage, n) for n in range(CODES)}
    wanted = {n for n, number in numbers.items() if not is_no_mobile(number)}
    phones = {n for n, number in numbers.items() if number in found.texts.texts}
    mailed = {
        one.address for one in found.sent(LOGIN, "email") if one.identity in found.mails.texts
    }
    mailboxes = {mailbox_of(stage, n) for n in set(numbers) - wanted}
    by_mail = {address for address in mailboxes if not is_closed(address)}
    counts = f"{len(phones)} by SMS, {len(mailed)} by mail because the SMS failed"
    if phones != wanted or mailed != by_mail:
        return Check(
            False, f"Login codes: {counts}, instead of {len(wanted)} and {len(by_mail)} of others"
        )
    return Check(True, f"Login codes: {counts}, {len(mailboxes) - len(mailed)} by neither")


def _send(stage: Stage, n: int, code: str) -> int:
    notification = notify(
        "login-code",
        to=number_of(stage, n),
        fallback=[Fallback(channel="email", to=mailbox_of(stage, n))],
        context={"minutes": int(VALID_FOR.total_seconds() // 60)},
        secret_context={"code": code},
        category="otp",
        expires_at=clock.now() + VALID_FOR,
        idempotency_key=key(stage.run, n, LOGIN),
    )
    return notification.pk
