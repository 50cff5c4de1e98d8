"""What the gateway is really handed: a text that costs what its writer thinks (guarantee 13)."""

import pytest

from notifications.api import notify, publish_template
from notifications.models import DeliveryAttempt, Provider
from notifications.rules.sms.segments import segments
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_sms import form, taken
from tests.notifications.sending.conftest import NUMBER
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=13)]

SPACES = ["\u00a0", "\u202f", "\u2007", "\u2009"]


@pytest.mark.parametrize("space", SPACES)
def test_no_kind_of_no_break_space_reaches_the_gateway_and_doubles_the_price(
    gateway: Provider, receiver: Receiver, space: str
) -> None:
    """From the template and from a variable alike."""
    publish_template("fee", channel="sms", text=f"Your{space}fee is {{{{ amount }}}}. " + "x" * 120)
    receiver.plan(taken("SM1"))
    notify("fee", to=NUMBER, context={"amount": f"1{space}000{space}EUR"})
    run_due()
    body = form(receiver)["Body"]
    assert body == "Your fee is 1 000 EUR. " + "x" * 120
    assert (segments(body).encoding, segments(body).count) == ("GSM-7", 1)
    assert DeliveryAttempt.objects.get().request["segments"] == 1


def test_a_text_that_needs_other_letters_arrives_as_it_was_written(
    gateway: Provider, receiver: Receiver
) -> None:
    publish_template("greeting", channel="sms", text="Привет\u00a0{{ name }}")
    receiver.plan(taken("SM1"))
    notify("greeting", to=NUMBER, context={"name": "Юлия"})
    run_due()
    assert form(receiver)["Body"] == "Привет\u00a0Юлия"
