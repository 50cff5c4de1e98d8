"""`manage.py disable_provider`: switch a provider off."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from notifications.models import Provider
from notifications.sending.providers.registration import enable_provider
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Disables a provider."""

    help = "Send nothing by a provider until it is enabled; the next one in order takes its place."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name."""
        parser.add_argument("name", help="Name of the provider; list_providers shows them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch it."""
        name = options["name"]
        if not Provider.objects.filter(name=name).exists():
            raise CommandError(f"no provider is called {name!r}; list_providers shows them")
        changed = enable_provider(name, on=False)
        self.stdout.write(f"{name}: disabled" if changed else f"{name}: was disabled already")
