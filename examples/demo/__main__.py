"""`make demo`: the receivers, the platform, a day of payments, and whether the numbers add up."""

import signal
import sys
from types import FrameType

import django
from rich.console import Console

from examples.demo import arguments, environment
from examples.demo.receivers import Receivers
from examples.payments.event import InvalidEventFile, read_events

INTERRUPTED = 130


def main() -> int:
    """Run the demo; return 0 if all numbers add up, 1 if not, 130 if it was interrupted."""
    options = arguments.parse()
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        events = read_events(options.file, options.events)
        with Receivers() as receivers:
            environment.apply(receivers.mail.port)
            django.setup()
            # It needs the settings.
            from examples.demo.demonstration import Demonstration

            return Demonstration(console, receivers, events, options).run()
    except InvalidEventFile as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
