"""What an installation gets: the packages of the product, with all that they read."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_installs_three_packages_and_nothing_beside_them(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "notifications",
        "scheduler_project",
        "tasks_core",
    }


def test_it_holds_every_template_of_the_checkout(names: set[str]) -> None:
    pages = {
        path.relative_to(CHECKOUT).as_posix()
        for package in ("notifications", "scheduler_project", "tasks_core")
        for path in (CHECKOUT / package / "templates").rglob("*.html")
    }
    shipped = CHECKOUT / "templates" / "notifications"
    messages = {
        f"notifications/message_templates/shipped/{path.relative_to(shipped).as_posix()}"
        for path in shipped.rglob("*")
        if path.is_file()
    }
    assert pages
    assert messages
    assert pages | messages <= names


@pytest.mark.django_db
def test_a_folder_without_templates_is_named_with_what_to_do(tmp_path: Path) -> None:
    with (
        override_settings(BELLRINGER={"TEMPLATES_FOLDER": str(tmp_path)}),
        pytest.raises(CommandError, match="let TEMPLATES_FOLDER name the folder"),
    ):
        call_command("publish_templates")
