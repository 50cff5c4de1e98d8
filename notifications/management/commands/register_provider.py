"""`manage.py register_provider`: store an account with a gateway, a bot or a push key."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.output.channels import PROVIDER_COLUMNS, describe_provider
from notifications.sending.providers.registration import LIMITS, register_provider
from tasks_core.management.arguments.json_input import SOURCES, json_input, private_json_input
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Registers a provider."""

    help = (
        "Store a provider, or replace the one of this name. Its credentials are stored encrypted."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of ``notifications.api.register_provider``."""
        parser.add_argument("name", help="For people, such as sms-main.")
        parser.add_argument("--channel", required=True, metavar="NAME", help="Such as sms.")
        parser.add_argument("--kind", required=True, metavar="NAME", help="Such as twilio.")
        parser.add_argument(
            "--credentials",
            type=private_json_input,
            metavar="@FILE",
            help="A JSON object, from @FILE, or - for standard input. A key for web push is made "
            "if none is given.",
        )
        parser.add_argument(
            "--options", type=json_input, default={}, metavar="JSON", help=f"Not secret: {SOURCES}."
        )
        parser.add_argument(
            "--base-url", default="", metavar="URL", help="Where the interface is; usually known."
        )
        parser.add_argument(
            "--position", type=int, default=0, help="Lower ones are tried first. Default: 0."
        )
        parser.add_argument(
            "--rate-limit", type=float, metavar="N", help="Messages a second. Default: no limit."
        )
        parser.add_argument(
            "--breaker-threshold",
            type=int,
            default=5,
            metavar="N",
            help="Failures in a row after which it is left out for a while. Default: 5.",
        )
        parser.add_argument(
            "--breaker-pause",
            type=float,
            default=30.0,
            metavar="SECONDS",
            help="For how long, at first. Default: 30.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the provider and show it."""
        passed_on = ("channel", "kind", "credentials", "options", "base_url", "position", *LIMITS)
        provider = register_provider(options["name"], **{name: options[name] for name in passed_on})
        write_list(self, [describe_provider(provider)], columns=PROVIDER_COLUMNS, options=options)
