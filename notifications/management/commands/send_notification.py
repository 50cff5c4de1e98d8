"""`manage.py send_notification`: send one message from a template."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from notifications.api import notify, send_test
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import NotificationsError
from notifications.management.arguments.fallback import HELP, fallback
from notifications.management.output.notifications import (
    NOTIFICATION_COLUMNS,
    describe_notification,
)
from notifications.models import Notification
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.json_input import SOURCES, json_input, private_json_input
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


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
            help="Mail address, phone number, URL of an endpoint, key of a recipient, or what the channel "
            "takes.",
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
        parser.add_argument(
            "--requester",
            default="",
            metavar="WHO",
            help="Who asks for a code; limits count by it.",
        )
        parser.add_argument(
            "--resends",
            type=int,
            default=0,
            metavar="N",
            help="How often resend_code may send the same code again. Default: 0.",
        )
        parser.add_argument(
            "--fallback", type=fallback, action="append", default=[], metavar="CHANNEL", help=HELP
        )
        parser.add_argument(
            "--test",
            action="store_true",
            help="Send the template's sample variables, marked as a test; of the other options only "
            "--to, --channel and --locale count.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the notification and show it."""
        notification = _notify(options)
        shown = [describe_notification(notification)]
        write_list(self, shown, columns=NOTIFICATION_COLUMNS, options=options)


def _notify(options: Mapping[str, Any]) -> Notification:
    passed_on = (
        "to", "channel", "locale", "context", "secret_context", "run_after", "expires_at",
        "category", "critical", "idempotency_key", "supersede_key", "correlation_id",
        "condition", "condition_args", "requester", "resends",
        "fallback",
    )  # fmt: skip
    if options["test"]:
        where = {name: options[name] for name in ("to", "channel", "locale")}
        return send_test(options["template"], **where)
    return notify(options["template"], **{name: options[name] for name in passed_on})
