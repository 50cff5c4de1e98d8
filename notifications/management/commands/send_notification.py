"""`manage.py send_notification`: send one message from a template."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from notifications.api import notify
from notifications.channels.registry import CHANNELS
from notifications.exceptions import NotificationsError
from notifications.models import Notification
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.json_input import SOURCES, json_input, private_json_input
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

COLUMNS = ("id", "state", "template", "channel", "run_after", "expires_at")


class Command(PlatformCommand):
    """Sends one notification."""

    help = "Send a message from a published template. Nothing is stored on error."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the template, the receiver and the options of ``notifications.api.notify``."""
        parser.add_argument("template", help="Name of a published template.")
        parser.add_argument(
            "--to",
            required=True,
            metavar="ADDRESS",
            help="Mail address, URL of an endpoint, or key of a recipient.",
        )
        parser.add_argument(
            "--channel", choices=sorted(CHANNELS), help="Found from --to if not given."
        )
        parser.add_argument("--locale", default="", metavar="TAG", help="Such as de or pt-br.")
        parser.add_argument(
            "--context",
            type=json_input,
            default={},
            metavar="JSON",
            help=f"Variables of the template: {SOURCES}. Operators can see them.",
        )
        parser.add_argument(
            "--secret-context",
            type=private_json_input,
            default={},
            metavar="@FILE",
            help="Variables that nobody may see, such as a one-time code: @FILE, or - for standard "
            "input. They are stored encrypted and wiped when the message has ended.",
        )
        for option, what in (
            ("--run-after", "Not before this instant, such as 2026-07-01T09:00+02:00."),
            ("--expires-at", "Nothing is sent from then on. Required for category otp."),
        ):
            parser.add_argument(option, type=instant, metavar="TIME", help=what)
        for option, what in (
            (
                "--idempotency-key",
                "A second message with the key and the same content is not made.",
            ),
            ("--supersede-key", "Unsent messages with the same key are cancelled."),
            ("--correlation-id", "To find related tasks by."),
        ):
            parser.add_argument(option, metavar="KEY", help=what)
        parser.add_argument(
            "--category", default="", metavar="NAME", help="What kind of message; otp is a code."
        )
        parser.add_argument(
            "--condition", metavar="NAME", help="Send it only if this condition holds then."
        )
        parser.add_argument(
            "--condition-args",
            type=json_input,
            default={},
            metavar="JSON",
            help=f"Arguments of the condition: {SOURCES}. Operators can see them.",
        )
        parser.add_argument(
            "--critical", action="store_true", default=None, help="Overtakes all other messages."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the notification and show it."""
        notification = _notify(options)
        write_list(self, [_describe(notification)], columns=COLUMNS, options=options)


def _notify(options: Mapping[str, Any]) -> Notification:
    passed_on = (
        "to", "channel", "locale", "context", "secret_context", "run_after", "expires_at",
        "category", "critical", "idempotency_key", "supersede_key", "correlation_id",
        "condition", "condition_args",
    )  # fmt: skip
    return notify(options["template"], **{name: options[name] for name in passed_on})


def _describe(notification: Notification) -> dict[str, Any]:
    """Return what may be seen; the context stays out, as in lists of tasks."""
    version = notification.template_version
    return {
        "id": notification.pk,
        "state": notification.state,
        "template": version.template.name,
        "template_version": version.number,
        "channel": notification.channel,
        "address": notification.address,
        "category": notification.category,
        "critical": notification.critical,
        "run_after": notification.run_after,
        "expires_at": notification.expires_at,
        "idempotency_key": notification.idempotency_key,
        "correlation_id": notification.correlation_id,
    }
