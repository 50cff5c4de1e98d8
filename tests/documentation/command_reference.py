"""The reference of the commands, from their own parsers."""

import argparse
from collections.abc import Iterator

from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

OURS = ("tasks_core", "notifications")


def commands() -> dict[str, BaseCommand]:
    """Return the project's own commands by name."""
    labels = {apps.get_app_config(label).name for label in OURS}
    return {
        name: load_command_class(app, name)
        for name, app in sorted(get_commands().items())
        if app in labels
    }


def command_reference() -> str:
    """Return a section for each command."""
    return "\n\n".join(_section(name, command) for name, command in commands().items())


def _section(name: str, command: BaseCommand) -> str:
    rows = [f"| {_name(action)} | {_text(action)} |" for action in own_arguments(command, name)]
    table = "\n".join(["| argument | meaning |", "|---|---|", *rows])
    return f"## {name}\n\n{command.help}\n\n{table}"


def own_arguments(command: BaseCommand, name: str) -> Iterator[argparse.Action]:
    """Return the arguments of a command that not every command has."""
    common = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    actions = command.create_parser("manage.py", name)._actions
    return (action for action in actions if action.dest not in common)


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.dest}`{' ...' if action.nargs in {'*', '+'} else ''}"
    value = action.metavar or (
        "\\|".join(str(choice) for choice in action.choices)
        if action.choices
        else action.dest.upper()
    )
    takes_value = action.nargs != 0
    names = (
        action.option_strings[-2:]
        if isinstance(action, argparse.BooleanOptionalAction)
        else action.option_strings[-1:]
    )
    option = f"`{', '.join(names)}{f' {value}' if takes_value else ''}`"
    return f"{option} (required)" if action.required else option


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("|", "\\|")
