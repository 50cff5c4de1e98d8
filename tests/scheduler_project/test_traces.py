"""When traces are on, and what is said if they cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from scheduler_project import traces
from scheduler_project.data_folder import CHECKOUT
from tasks_core.tracing import switch
from tests.production_check import production_environment

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
WITHOUT_PACKAGE = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Missing())
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
print("opentelemetry" in sys.modules)
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
    ],
)
def test_standard_variables_switch_traces_on_and_off(
    environment: dict[str, str], expected: bool
) -> None:
    assert traces.are_wanted(environment) is expected


def test_protocol_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"'grpc'.*http/protobuf only.*4318"):
        traces.configure({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert not switch.is_on


def run_without_package(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PACKAGE],
        cwd=Path(CHECKOUT),
        env={
            **production_environment(),
            "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_product_runs_without_opentelemetry() -> None:
    done = run_without_package()

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("asked", [ENDPOINT, {"BELLRINGER_TRACING": "true"}])
def test_traces_without_opentelemetry_are_refused_with_what_to_do(asked: dict[str, str]) -> None:
    done = run_without_package(**asked)

    assert done.returncode != 0
    assert "install bellringer[otel]" in done.stderr
