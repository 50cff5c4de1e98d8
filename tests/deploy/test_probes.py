"""The probes that deploy/ declares ask for what exists, and wait long enough for it."""

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from scheduler_project.configuration.model import Configuration
from scheduler_project.data_folder import CHECKOUT
from scheduler_project.launch import procfile
from tasks_core.conf import TaskSettings
from tasks_core.health.deadline import SECONDS
from tasks_core.health.pages.middleware import PAGES
from tasks_core.liveness.__main__ import main
from tasks_core.liveness.reporter import LONGEST_FRESH

KUBERNETES = CHECKOUT / "deploy" / "kubernetes"
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def manifests() -> Iterator[dict[str, Any]]:
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    for name in listed:
        yield from yaml.safe_load_all((KUBERNETES / name).read_text())


def pods() -> dict[str, dict[str, Any]]:
    found = [each for each in manifests() if each["kind"] in {"Deployment", "Job"}]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in found}


def container(name: str) -> dict[str, Any]:
    [only] = pods()[f"bellringer-{name}"]["containers"]
    assert isinstance(only, dict)
    return only


def compose() -> dict[str, Any]:
    found = yaml.safe_load((CHECKOUT / "deploy" / "compose.yaml").read_text())["services"]
    assert isinstance(found, dict)
    return found


def settings_of(path: Path) -> "configparser.SectionProxy":
    """Return the section Service of a unit of systemd."""
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign] # systemd minds the case
    unit.read(path)
    return unit["Service"]


def is_understood(command: list[str], folder: Path) -> bool:
    """Run the probe's own parser: an unknown role or option ends with 2."""
    assert command[:3] == ["python", "-m", "tasks_core.liveness"]
    return main([*command[3:], "--folder", str(folder)]) == 1  # nobody reports there


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_worker_and_beat_run_the_commands_of_the_procfile(role: str) -> None:
    command = procfile.commands()[role]
    # Without a number a worker has a child for each core of the machine, whatever memory it may take.
    size = "--concurrency=${WORKER_CONCURRENCY:-4}"
    assert command.endswith(size) == (role == "worker")
    assert compose()[role]["command"] == command
    assert " ".join(container(role)["command"]) == command.replace(size, "--concurrency=4")


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_their_probes_are_commands_that_exist(role: str, tmp_path: Path) -> None:
    for probe in ("startupProbe", "livenessProbe"):
        command = container(role)[probe]["exec"]["command"]
        assert command[3] == role
        assert is_understood(command, tmp_path)
    word, *command = compose()[role]["healthcheck"]["test"]
    assert (word, command[3]) == ("CMD", role)
    assert is_understood(command, tmp_path)


def test_web_probes_ask_for_pages_that_exist_without_tls() -> None:
    web = container("web")
    ports = {port["name"] for port in web["ports"]}
    asked = {name: web[name]["httpGet"] for name in PROBES}
    for probe in asked.values():
        assert probe["path"] in PAGES
        assert probe["port"] in ports
        assert f"^{probe['path'].removeprefix('/')}$" in settings.SECURE_REDIRECT_EXEMPT
    assert (asked["livenessProbe"]["path"], asked["readinessProbe"]["path"]) == (
        "/health",
        "/ready",
    )
    assert "http://127.0.0.1:8000/ready" in compose()["web"]["healthcheck"]["test"][-1]


def test_probes_wait_longer_than_the_examination_may_take() -> None:
    assert container("web")["readinessProbe"]["timeoutSeconds"] > SECONDS
    assert int(compose()["web"]["healthcheck"]["timeout"].removesuffix("s")) > SECONDS


def test_what_the_manifests_set_is_what_the_platform_reads() -> None:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    known = {str(field.validation_alias) for field in Configuration.model_fields.values()}
    [config] = kustomization["configMapGenerator"]
    assert {literal.partition("=")[0] for literal in config["literals"]} <= known
    for name, pod in pods().items():
        [each] = pod["containers"]
        sources = {next(iter(source.values()))["name"] for source in each["envFrom"]}
        assert sources == {config["name"]}, name


def test_pods_run_without_root_on_a_read_only_disk_with_a_place_for_reports() -> None:
    for name, pod in pods().items():
        [each] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert each["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert [mount["mountPath"] for mount in each["volumeMounts"]] == ["/tmp"], name
        image = (CHECKOUT / "deploy" / "Dockerfile").read_text()
        assert f"--uid {pod['securityContext']['runAsUser']} " in image


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_every_process_is_given_the_time_it_needs_to_stop() -> None:
    needed = {
        "web": 30,  # gunicorn's --graceful-timeout
        "worker": TaskSettings.shutdown_grace_seconds + 15,
        "beat": 25,
    }
    for role, least in needed.items():
        assert seconds(compose()[role]["stop_grace_period"]) > least, role
        assert pods()[f"bellringer-{role}"]["terminationGracePeriodSeconds"] > least, role
    unit = (CHECKOUT / "deploy" / "systemd" / "bellringer@.service").read_text()
    assert int(unit.partition("TimeoutStopSec=")[2].split()[0]) > max(needed.values())


def test_the_memory_of_a_worker_grows_with_its_children() -> None:
    assert compose()["worker"]["mem_limit"] == "${WORKER_MEMORY:-1g}"
    assert container("worker")["resources"]["limits"]["memory"] == "1Gi"
    limits = settings_of(
        CHECKOUT / "deploy" / "systemd" / "bellringer@worker.service.d" / "memory.conf"
    )
    assert limits["MemoryMax"] == "1G"
    assert limits["OOMPolicy"] == "continue"  # of a child that takes too much, the worker stays
    said = (CHECKOUT / "deploy" / "README.md").read_text()
    for name in ("WORKER_CONCURRENCY", "WORKER_MEMORY", "memory.conf"):
        assert name in said


def test_the_database_counts_as_there_when_others_can_reach_it() -> None:
    """While its image makes a new database, a server for itself answers at its socket alone."""
    command = compose()["postgres"]["healthcheck"]["test"]
    assert command[1] == "pg_isready"
    assert command[command.index("-h") + 1] == "127.0.0.1"


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_systemds_watchdog_waits_longer_than_reports_take(role: str) -> None:
    path = CHECKOUT / "deploy" / "systemd" / f"bellringer@{role}.service.d" / "watchdog.conf"
    found = settings_of(path)
    assert found["NotifyAccess"] == "main"
    assert float(found["WatchdogSec"]) > 2 * LONGEST_FRESH
