"""The arguments that say what a trigger calls."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from tasks_core.management.arguments.json_input import SOURCES, json_input

NAMES = (
    "webhook",
    "payload",
    "headers",
    "retry_conf",
    "request_transform",
    "response_transform",
    "comment",
)


def add_call_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``notifications.triggers.definition.define``."""
    parser.add_argument(
        "--webhook",
        required=True,
        metavar="URL",
        help="Where the request goes; {{NAME}} is replaced from an allowed environment variable.",
    )
    for option, what in (
        ("--payload", "Any JSON that the webhook gets; operators can see it."),
        (
            "--headers",
            'A list of {"name": ..., "value": ...} or {"name": ..., "value_from_env": ...}.',
        ),
        (
            "--retry-conf",
            "num_retries, retry_interval_seconds, timeout_seconds, tolerance_seconds and more.",
        ),
        ("--request-transform", "Changes method, URL, query, headers and body."),
        ("--response-transform", "Changes what is logged of the response."),
    ):
        parser.add_argument(option, type=json_input, metavar="JSON", help=f"{what} {SOURCES}.")
    parser.add_argument("--comment", default="", metavar="TEXT", help="Sent along, if not empty.")


def call_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, as keywords."""
    return {name: options[name] for name in NAMES if options[name] is not None}
