#!/usr/bin/env python
"""Django's command line for Bellringer."""

import os
import sys


def main() -> None:
    """Run one management command, on the embedded servers if no others are configured."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from scheduler_project.embedded.attach import embedded_servers
    from scheduler_project.embedded.errors import EmbeddedServerError

    try:
        with embedded_servers():
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EmbeddedServerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
