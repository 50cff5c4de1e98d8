"""The documented way to put one's own apps into the image loads them, with their static files."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scheduler_project.data_folder import CHECKOUT
from tests.deploy.test_probes import compose
from tests.production_check import production_environment

DEPLOY = CHECKOUT / "deploy"
APPS = """
import django
from django.apps import apps

django.setup()
print(*(app.label for app in apps.get_app_configs()))
"""


def documented_image() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile that the README shows: words and what follows them."""
    block = re.search(r"```dockerfile\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    assert block is not None
    return [(word, rest) for word, _, rest in (x.partition(" ") for x in block[1].splitlines())]


def documented_settings() -> str:
    said = (CHECKOUT / "docs" / "getting-started.md").read_text()
    block = re.search(r"```python\n# shop/settings.py\n(.*?)```", said, re.DOTALL)
    assert block is not None
    return block[1]


@pytest.fixture
def image(tmp_path: Path) -> dict[str, Any]:
    """Return where the image would be, and what its processes have in their environment."""
    shop = tmp_path / "shop"
    (shop / "static" / "shop").mkdir(parents=True)
    (shop / "static" / "shop" / "logo.txt").write_text("a bell")
    (shop / "__init__.py").touch()
    (shop / "settings.py").write_text(documented_settings())
    [variable] = [rest for word, rest in documented_image() if word == "ENV"]
    name, _, value = variable.partition("=")
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "staticfiles"),
        name: value,
    }


def test_the_image_has_the_app_its_settings_and_goes_back_to_its_user(image: object) -> None:
    said = documented_image()
    assert said[0] == ("FROM", "bellringer")
    assert ("COPY", "shop shop") in said
    assert said[-1] == ("USER", "bellringer")


def test_its_settings_load_the_app(image: dict[str, str]) -> None:
    environment = {**production_environment(), **image}
    command = [sys.executable, "-c", APPS]
    found = subprocess.run(
        command, env=environment, cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    assert {"shop", "tasks_core", "notifications"} <= set(found.stdout.split())


def test_its_static_files_are_collected_without_any_configuration(image: dict[str, str]) -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "COPY deploy/collect-static.sh /usr/local/bin/collect-static\n" in dockerfile
    for instructions in (dockerfile, str(documented_image())):
        assert "sh /usr/local/bin/collect-static" in instructions
    assert "!deploy/collect-static.sh\n" in (DEPLOY / "Dockerfile.dockerignore").read_text()
    script = ["sh", str(DEPLOY / "collect-static.sh")]
    subprocess.run(script, env=image, cwd=CHECKOUT, check=True, capture_output=True)
    found = {path.name for path in Path(image["STATIC_ROOT"]).rglob("*.*")}
    assert {"logo.txt", "live_preview.js"} <= found


def test_compose_runs_it_everywhere_and_builds_its_own_without_it() -> None:
    for name, service in compose().items():
        if name not in ("proxy", "postgres", "valkey"):
            assert service["image"] == "${BELLRINGER_IMAGE:-bellringer}", name
            assert service["build"]["dockerfile"] == "deploy/Dockerfile", name
