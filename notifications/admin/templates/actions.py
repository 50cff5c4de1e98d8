"""Send a template to oneself, with its sample variables."""

from typing import Any

from django import forms
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from notifications.exceptions import NotificationsError
from notifications.intake.sample_send import send_test
from notifications.models import Template, TemplateVersion
from tasks_core.admin.toolkit import Action, ActionForm, Answers, Did, each, link

EXPLANATION = (
    "Sent with its sample variables to the address given, by the real provider, marked as a test."
)

ADDRESSES = {
    "email": "A mail address",
    "webhook": "The URL of a registered endpoint",
    "sms": "A phone number with its country, such as +4915112345678",
    "telegram": "The id of a chat, or @channel",
    "webpush": "The name of a destination",
    "slack": "#channel, the id of one, or the name of a destination",
    "teams": "The name of a destination",
    "apprise": "The name of a destination",
    "inbox": "The owner of an inbox, such as the id of a user",
}


class AddressForm(ActionForm):
    """Asks where to."""

    to = forms.CharField(
        max_length=2048,
        label="To",
        widget=UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text="Your own, not a customer's.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        wanted = ADDRESSES.get(_channel(self.rows[0])) if self.rows else None
        if wanted:
            self.fields["to"].help_text = f"{wanted}: your own, not a customer's."


def _channel(row: Template | TemplateVersion) -> str:
    return row.channel if isinstance(row, Template) else row.template.channel


def _send(version: TemplateVersion, to: str) -> Did:
    notification = send_test(version, to=to)
    url = reverse("admin:notifications_notification_change", args=[notification.pk])
    return Did("sent", link=link(url, f"Notification {notification.pk}"))


def _send_version(row: TemplateVersion, answers: Answers, actor: str) -> Did:
    return _send(row, answers["to"])


def _send_template(row: Template, answers: Answers, actor: str) -> Did:
    assert row.current is not None
    return _send(row.current, answers["to"])


_REFUSALS: dict[type[Exception], str] = {NotificationsError: "could not be sent"}

TEST_VERSION: Action[TemplateVersion] = Action(
    name="send-test",
    label="Send a test…",
    button="Send now",
    icon="send",
    explanation=EXPLANATION,
    form=AddressForm,
    perform=each(_send_version, refusals=_REFUSALS),
    applies=lambda _: True,
    in_bulk=False,
)

TEST_TEMPLATE: Action[Template] = Action(
    name="send-test",
    label="Send a test…",
    button="Send now",
    icon="send",
    explanation=f"The published version is sent, not the draft. {EXPLANATION}",
    form=AddressForm,
    perform=each(_send_template, refusals=_REFUSALS),
    applies=lambda row: row.current is not None,
    in_bulk=False,
)
