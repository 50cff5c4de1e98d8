"""`python -m scheduler_project.embedded run|start|stop|status`: the servers of this checkout."""

import argparse
import sys

from scheduler_project.embedded.attach import own_data_folder
from scheduler_project.embedded.command import run
from scheduler_project.embedded.errors import EmbeddedServerError
from scheduler_project.embedded.servers import VARIABLES, Servers


def main(arguments: list[str] | None = None) -> int:
    """Carry out one subcommand; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.carry_out(options))
    except EmbeddedServerError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scheduler_project.embedded", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="run|start|stop|status")
    runner = commands.add_parser(
        "run", help="run a command with DATABASE_URL and BROKER_URL set; then stop the servers"
    )
    runner.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND ARGUMENTS...")
    runner.set_defaults(carry_out=_run)
    for name, function, text in (
        ("start", _start, "start the servers to stay"),
        ("stop", _stop, "stop the servers"),
        ("status", _status, "say whether they run; exit status 3 if not"),
    ):
        commands.add_parser(name, help=text).set_defaults(carry_out=function)
    return parser


def _run(options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise EmbeddedServerError("Say what to run: ... run -- COMMAND ARGUMENTS...")
    return run(command)


def _start(options: argparse.Namespace) -> int:
    _print_addresses(Servers(own_data_folder()).start())
    return 0


def _stop(options: argparse.Namespace) -> int:
    Servers(own_data_folder()).stop()
    return 0


def _status(options: argparse.Namespace) -> int:
    running = Servers(own_data_folder()).running()
    if len(running) < len(VARIABLES):
        print("The embedded servers are not running.")
        return 3
    _print_addresses(running)
    return 0


def _print_addresses(variables: dict[str, str]) -> None:
    # In the shell's own form, so that `export $(... status)` works.
    for name, value in variables.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    sys.exit(main())
