"""Addresses that the mail server refuses at once go the way of reported bounces."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from notifications.api import notify, suppressions_of, unsuppress
from notifications.models import Delivery, SoftBounces, Suppression, TemplateVersion
from notifications.people.suppression.refusals import follow_refusals
from notifications.rules.provider_events import Bounce
from notifications.sending.channels.email.enhanced_status import bounce_of
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.provider_events.reports import GOOD
from tests.support.mail_server import MailServer

ADA = "Ada@example.com"


@pytest.mark.parametrize(
    ("reply", "bounce"),
    [
        ("5.1.1 no such user", Bounce.HARD),
        ("5.1.3 bad address", Bounce.HARD),
        ("5.1.6 has moved", Bounce.HARD),
        ("5.1.10 null MX", Bounce.HARD),
        ("5.2.1 the mailbox is disabled", Bounce.HARD),
        ("5.1.2 no such domain", Bounce.SOFT),
        ("5.2.2 the mailbox is full", Bounce.SOFT),
        ("5.7.1 relaying denied", None),
        ("5.7.26 unauthenticated mail", None),
        ("5.1.7 bad sender", None),
        ("5.1.8 the sender's domain does not exist", None),
        ("5.4.1 access denied", None),
        ("5.6.0 bad content", None),
        ("5.1.11 not known to us", None),
        ("5.1.100 not known to us", None),
        ("no such user", None),
        ("see 5.1.1 in our manual", None),
        ("4.1.1 cannot tell now", None),
        ("", None),
    ],
)
def test_only_what_is_about_the_address_is_a_bounce(reply: str, bounce: Bounce | None) -> None:
    assert bounce_of(550, reply) is bounce
    assert bounce_of(450, reply) is None


@pytest.fixture
def refusing(receipt: TemplateVersion, mail_server: MailServer) -> MailServer:
    return mail_server


def send(times: int = 1) -> list[str]:
    """Send messages to Ada; return how they ended."""
    for _ in range(times):
        notify("receipt", to=ADA, context=GOOD)
        run_due()
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["refusals", "replies"])
def test_an_address_that_does_not_exist_is_not_tried_again(
    refusing: MailServer, stage: str
) -> None:
    getattr(refusing, stage).append("550 5.1.1 <ada@example.com>: user unknown")
    assert send(2) == ["failed", "suppressed"]
    assert refusing.recipients == 1
    [entry] = suppressions_of("email", ADA)
    assert (entry.reason, entry.source, entry.expires_at) == ("hard_bounce", "smtp", None)
    assert unsuppress("email", ADA) == 1
    assert send()[-1] == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 we do not like you",
        "554 5.6.0 bad content",
        "550 user unknown",
        "451 4.1.1 later",
    ],
)
@pytest.mark.parametrize("stage", ["refusals", "replies"])
def test_policy_and_refusals_that_name_no_reason_stop_nobody(
    refusing: MailServer, stage: str, reply: str
) -> None:
    getattr(refusing, stage).append(reply)
    send()
    assert not Suppression.objects.exists()
    assert not SoftBounces.objects.exists()
    assert send()[-1] == "sent"


@pytest.mark.django_db
def test_a_full_mailbox_stops_the_address_when_it_stays_full(refusing: MailServer) -> None:
    refusing.refusals.extend(["552 5.2.2 mailbox full"] * 5)
    send(4)
    assert not Suppression.objects.exists()
    assert send(2)[-2:] == ["failed", "suppressed"]
    [entry] = suppressions_of("email", ADA)
    assert entry.reason == "soft_bounce"
    assert entry.expires_at is not None
    assert entry.expires_at > clock.now() + timedelta(days=29)


@pytest.mark.django_db
def test_of_a_mail_that_went_elsewhere_nothing_is_held_against_the_address(
    refusing: MailServer, settings: Settings
) -> None:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "SANDBOX": True,
        "SANDBOX_REDIRECT_TO": ["dev@example.com"],
    }
    refusing.refusals.append("550 5.1.1 no such user")
    assert send() == ["failed"]
    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_of_a_recipient_who_was_erased_meanwhile_nothing_is_written_down(
    refusing: MailServer,
) -> None:
    send()
    Delivery.objects.update(address="erased:1")
    follow_refusals({Delivery.objects.get().pk: Bounce.HARD})
    assert not Suppression.objects.exists()
