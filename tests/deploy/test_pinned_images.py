"""`pin-images.sh` writes the digest of every image that deploy/ takes from others, or changes nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
OURS = ("bellringer", "${BELLRINGER_IMAGE:-bellringer}")
FILES = ("Dockerfile", "compose.yaml", "pin-images.sh")

REGISTRY = """#!/bin/sh
# What docker asks of the registry: buildx imagetools inspect IMAGE --format ...
case "$4" in {unknown}) exit 1 ;; esac
printf 'sha256:%s\\n' "$(printf '%s' "$4{salt}" | sha256sum | cut -d ' ' -f 1)"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_bytes((DEPLOY / name).read_bytes())
    return tmp_path


def pin(
    folder: Path, *, salt: str = "", unknown: str = "none"
) -> "subprocess.CompletedProcess[str]":
    """Run the script beside a registry that knows all images but ``unknown``."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    docker = tools / "docker"
    docker.write_text(REGISTRY.replace("{salt}", salt).replace("{unknown}", unknown))
    docker.chmod(0o755)
    given = {"PATH": f"{tools}:{os.environ['PATH']}"}
    script = ["sh", str(folder / "pin-images.sh")]
    return subprocess.run(script, check=False, capture_output=True, text=True, env=given)


def images(folder: Path) -> list[str]:
    """Return what is taken from others; ``bellringer`` is built here."""
    lines = [
        line.split()
        for name in ("Dockerfile", "compose.yaml")
        for line in (folder / name).read_text().splitlines()
    ]
    found = [words[1] for words in lines if words and words[0] in ("FROM", "image:")]
    return [image for image in found if image not in OURS]


def test_every_image_gets_its_digest_beside_its_tag(folder: Path) -> None:
    before = images(folder)
    answer = pin(folder)
    assert answer.returncode == 0, answer.stderr
    after = images(folder)
    assert [image.partition("@")[0] for image in after] == before
    assert all(image.partition("@")[2].startswith("sha256:") for image in after)
    assert set(answer.stdout.split()) == set(after)


def test_nothing_else_is_changed(folder: Path) -> None:
    before = [(folder / name).read_text() for name in FILES]
    pin(folder)
    for was, name in zip(before, FILES, strict=True):
        text = (folder / name).read_text()
        for image in set(images(folder)):
            text = text.replace(image, image.partition("@")[0])
        assert text == was


def test_it_follows_the_tags_when_it_is_run_again(folder: Path) -> None:
    pin(folder)
    first = images(folder)
    pin(folder, salt="a month later")
    second = images(folder)
    assert [image.partition("@")[0] for image in second] == [
        image.partition("@")[0] for image in first
    ]
    assert all(new != old for new, old in zip(second, first, strict=True))


def test_an_image_that_is_not_found_is_named_and_nothing_is_changed(folder: Path) -> None:
    before = images(folder)
    answer = pin(folder, unknown="postgres:*")
    assert answer.returncode == 1
    assert "postgres:18" in answer.stderr
    assert images(folder) == before
