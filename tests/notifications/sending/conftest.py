"""Providers and templates for the tests of channels; the gateways are real local servers."""

from typing import Any

import pytest

from notifications.api import publish_template, register_provider
from notifications.models import Provider, TemplateVersion
from notifications.sending.providers.accounts import forget_accounts
from tests.support.receiver import Receiver

TOKEN = "0123456789abcdef0123456789abcdef"
SID = "AC00000000000000000000000000000001"
NUMBER = "+4915112345678"


@pytest.fixture(autouse=True)
def _no_remembered_accounts() -> None:
    """Another test's providers are not this one's."""
    forget_accounts()


def add_gateway(receiver: Receiver, *, name: str = "sms-main", **options: Any) -> Provider:
    return register_provider(
        name,
        channel="sms",
        kind="twilio",
        credentials={"account_sid": SID, "auth_token": TOKEN},
        options=options.pop("options", {"sender": "+4930123456"}),
        base_url=receiver.url.removesuffix("/hook"),
        **options,
    )


@pytest.fixture
def gateway(db: None, receiver: Receiver) -> Provider:
    return add_gateway(receiver)


@pytest.fixture
def paid_sms(db: None) -> TemplateVersion:
    return publish_template("paid", channel="sms", text="{{ name }} paid you {{ amount }} EUR.")


@pytest.fixture
def code_sms(db: None) -> TemplateVersion:
    return publish_template("one-time-code", channel="sms", text="{{ code }} is your code.")
