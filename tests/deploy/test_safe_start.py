"""What deploy/ starts has its secrets, leaves root, and begins in the right order."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import yaml
from cryptography.fernet import Fernet

from scheduler_project.data_folder import CHECKOUT
from tests.deploy.test_probes import KUBERNETES, compose, container, manifests, pods

DEPLOY = CHECKOUT / "deploy"


MAIL = "smtp+starttls://bell:secret@mail.example.com:587"


def run(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the script as an operator does."""
    script = folder / "make-secrets.sh"
    script.write_bytes((DEPLOY / "make-secrets.sh").read_bytes())
    given = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(["sh", script], check=False, capture_output=True, text=True, env=given)


def made(folder: Path, mail: str = MAIL) -> dict[str, Path]:
    """Run the script, and return what it wrote by name."""
    answer = run(folder, EMAIL_URL=mail)
    assert answer.returncode == 0, answer.stderr
    return {path.name: path for path in (folder / "secrets").iterdir()}


def test_the_script_writes_every_secret_that_compose_names(tmp_path: Path) -> None:
    whole: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    files = made(tmp_path)
    assert {Path(one["file"]).name for one in whole["secrets"].values()} == set(files)
    used = {name for one in compose().values() for name in one.get("secrets", [])}
    assert used == set(whole["secrets"])


def test_its_urls_name_the_hosts_of_compose_and_its_keys_are_good(tmp_path: Path) -> None:
    said = {name: path.read_text().strip() for name, path in made(tmp_path).items()}
    assert f":{said['postgres_password']}@postgres:5432/" in said["database_url"]
    assert f":{said['valkey_password']}@valkey:6379/" in said["broker_url"]
    assert said["valkey_config"] == f"requirepass {said['valkey_password']}"
    assert {"postgres", "valkey"} <= set(compose())
    Fernet(said["encryption_keys"])


def test_it_asks_for_the_mail_server_and_writes_nothing_without(tmp_path: Path) -> None:
    answer = run(tmp_path)
    assert answer.returncode == 2
    assert "EMAIL_URL=" in answer.stderr
    assert not (tmp_path / "secrets").exists()


def test_the_mail_server_is_the_one_that_was_given_and_is_asked_for_once(tmp_path: Path) -> None:
    assert made(tmp_path)["email_url"].read_text().strip() == MAIL
    assert run(tmp_path).returncode == 0


def test_containers_can_read_them_and_other_users_of_the_host_cannot(tmp_path: Path) -> None:
    files = made(tmp_path)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o444}


def test_a_second_run_keeps_what_is_there(tmp_path: Path) -> None:
    before = {name: path.read_text() for name, path in made(tmp_path).items()}
    assert {name: path.read_text() for name, path in made(tmp_path).items()} == before


def test_git_ignores_secrets_and_certificates() -> None:
    for name in ("secrets/secret_key", "tls/privkey.pem"):
        asked = ["git", "check-ignore", "-q", f"deploy/{name}"]
        lines = (CHECKOUT / ".gitignore").read_text().splitlines()
        assert f"/deploy/{name.partition('/')[0]}/" in lines
        if (CHECKOUT / ".git").exists():
            assert subprocess.run(asked, cwd=CHECKOUT, check=False, env=os.environ).returncode == 0


def test_valkey_is_begun_without_a_shell_so_that_it_leaves_root() -> None:
    command = compose()["valkey"]["command"]
    assert command[:2] == ["valkey-server", "/run/secrets/valkey_config"]
    assert "valkey_config" in compose()["valkey"]["secrets"]


def test_no_pod_has_a_key_of_the_cluster() -> None:
    assert pods()
    for name, pod in pods().items():
        assert pod["automountServiceAccountToken"] is False, name


def test_workers_and_beats_wait_for_the_migrations() -> None:
    for role in ("worker", "beat"):
        [first] = pods()[f"bellringer-{role}"]["initContainers"]
        assert "migrate --check" in first["command"][-1]
        assert first["envFrom"] == container(role)["envFrom"]


def test_emptying_nodes_leaves_one_of_each() -> None:
    budgets = [each for each in manifests() if each["kind"] == "PodDisruptionBudget"]
    chosen = {each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for each in budgets}
    assert chosen == {f"bellringer-{role}" for role in ("web", "worker", "beat")}
    assert "disruption.yaml" in (KUBERNETES / "kustomization.yaml").read_text()


def test_only_the_proxy_is_reached_and_it_has_limits() -> None:
    assert "ports" not in compose()["web"]
    assert compose()["proxy"]["ports"] == ["80:80", "443:443"]
    said = (DEPLOY / "proxy" / "nginx.conf").read_text()
    for limit in ("client_max_body_size", "client_body_timeout", "limit_req ", "limit_conn "):
        assert limit in said
    assert "proxy_set_header X-Forwarded-Proto https;" in said


def test_systemd_finds_the_programs_of_the_virtual_environment() -> None:
    assert "Environment=PATH=" in (DEPLOY / "systemd" / "bellringer@.service").read_text()
