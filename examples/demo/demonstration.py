"""The demo from start to end, with the platform running around it."""

import argparse
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from secrets import token_hex

from rich.console import Console

from examples.demo import environment, report, tables
from examples.demo.feeder import EventRefused, Feeder
from examples.demo.next_steps import next_steps
from examples.demo.progress import Stalled, watch
from examples.demo.receivers import Receivers
from examples.demo.scenarios import ASKS
from examples.demo.scenarios.stage import Stage
from examples.demo.sms_gateway import ACCOUNT
from examples.demo.verification import verify
from examples.payments.event import Event
from examples.payments.gateway import Gateway
from examples.payments.merchants import read_merchants, register_merchants
from examples.payments.templates import publish_templates
from notifications.api import live_secrets, publish_builtin_templates, register_provider
from scheduler_project.data_folder import data_folder
from scheduler_project.launch import Platform, prepare
from scheduler_project.launch.platform import PlatformError
from tasks_core import clock

TEMPLATES = Path(__file__).with_name("templates")


class Demonstration:
    """One run. Each has a name of its own, so that it works on top of what earlier runs left."""

    def __init__(
        self,
        console: Console,
        receivers: Receivers,
        events: Sequence[Event],
        options: argparse.Namespace,
    ) -> None:
        self.name = f"demo-{clock.now():%Y%m%d-%H%M%S}-{token_hex(2)}"
        self._console = console
        self._receivers = receivers
        self._events = events
        self._options = options
        self._platform = Platform()

    def run(self) -> int:
        """Start the platform, show everything, stop the platform; return the exit status."""
        try:
            return self._show()
        except (PlatformError, EventRefused) as error:
            self._console.print(str(error), style="red", markup=False)
            return 1
        finally:
            # A second Ctrl-C would leave processes behind.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            with self._console.status("Stopping ..."):
                self._platform.stop()

    def _show(self) -> int:
        with self._console.status("Starting PostgreSQL, Valkey, web, worker, beat and Flower ..."):
            login = prepare()
            # First: what an interrupted run has left goes to the receivers of this one.
            stage = self._prepare_stage()
            self._platform.start()
            self._platform.wait_ready()
        self._announce_platform()
        status = self._send(stage)
        if not self._options.exit:
            self._console.print(next_steps(self._platform, login))
            self._stay()
        return status

    def _prepare_stage(self) -> Stage:
        environment.make_retry_policy()
        publish_templates()
        publish_builtin_templates(TEMPLATES)
        self._register_sms_gateway()
        endpoints = register_merchants(self._receivers.merchants.urls())
        self._receivers.merchants.trust(
            {merchant: live_secrets(endpoint)[0] for merchant, endpoint in endpoints.items()}
        )
        return Stage(self.name, self._events, endpoints)

    def _register_sms_gateway(self) -> None:
        register_provider(
            "demo-sms",
            channel="sms",
            kind="twilio",
            credentials={"account_sid": ACCOUNT, "auth_token": token_hex(16)},
            options={"sender": "ExamplePay"},
            base_url=self._receivers.sms.url,
        )

    def _announce_platform(self) -> None:
        pids = ", ".join(f"{name} {one.pid}" for name, one in self._platform.processes.items())
        endpoints = len(self._receivers.merchants.urls())
        self._tell(f"Platform: {pids} (process ids)")
        self._tell(
            f"Receivers: a mail server, an SMS gateway and {endpoints} merchants; "
            "some fail on purpose"
        )

    def _tell(self, text: str) -> None:
        self._console.print(f"[green]✓[/green] {text}", soft_wrap=True)

    def _send(self, stage: Stage) -> int:
        """Send everything, print what came of it; return the exit status."""
        names = {merchant.id: merchant.name for merchant in read_merchants()}
        gateway = Gateway(self.name, stage.endpoints, names)
        feeder = Feeder(gateway, self._events, [partial(ask, stage) for ask in ASKS])
        feeder.start()
        began = time.monotonic()
        try:
            watch(self._console, self.name, feeder, len(self._events))
        except Stalled as stalled:
            self._console.print(f"[red]✗ {stalled}[/red]")
        finally:
            feeder.stop()
        seconds = time.monotonic() - began
        summary, checks = verify(stage, feeder, self._receivers, data_folder())
        restarts = sum(process.restarts for process in self._platform.processes.values())
        again = f", {restarts} {_processes(restarts)} started again" if restarts else ""
        self._console.print(f"\n[bold]{self.name}[/bold] took {seconds:.1f} s{again}")
        self._console.print(tables.results(summary), "")
        self._console.print(tables.verdicts(checks))
        if self._options.report:
            report.write(self._options.report, self.name, summary, checks)
        return 0 if all(check.holds for check in checks) else 1

    def _stay(self) -> None:
        """Keep everything running until Ctrl-C."""
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


def _processes(count: int) -> str:
    return "process" if count == 1 else "processes"
