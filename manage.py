#!/usr/bin/env python
"""Django's command line for Bellringer."""

import os
import sys


def main() -> None:
    """Run one management command, on the embedded servers if no others are configured."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
    from scheduler_project.embedded.attach import embedded_servers

    with embedded_servers():
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
