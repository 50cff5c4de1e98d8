"""`manage.py create_event_source`: let a provider report what became of messages."""

from argparse import ArgumentParser
from typing import Any

from django.urls import reverse

from notifications import conf
from notifications.api import register_event_source
from notifications.exceptions import NotificationsError
from notifications.sending.standard_webhooks.secrets import live_secrets
from tasks_core import clock
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Registers a source of events."""

    help = (
        "Register who may post what became of messages, and write the address and the signing secret, which "
        "is shown this once."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare name and channel."""
        parser.add_argument("name", help="Part of the address: lower-case letters, digits, dashes.")
        parser.add_argument(
            "--channel", default="email", metavar="NAME", help="What it is about. Default: email."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Register it, and write what its owner has to know."""
        source = register_event_source(options["name"], channel=options["channel"])
        path = reverse("notifications:events", args=[source.name])
        self.stdout.write(f"address\t{conf.current().public_url.rstrip('/')}{path}")
        self.stdout.write(f"secret\t{live_secrets(source.secrets, clock.now())[0]}")
