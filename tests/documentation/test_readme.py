"""The README: what it tells people to type is what CI runs."""

import re

from scheduler_project.data_folder import CHECKOUT
from tests.documentation.markdown import FENCE, blocks

README = CHECKOUT / "README.md"


def typed_lines() -> list[str]:
    return [
        line.removeprefix("$ ")
        for block in blocks(README, "console", "sh", "bash", "shell")
        for line in block.text.splitlines()
    ]


def test_every_verb_is_run_by_ci() -> None:
    workflow = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text()
    run_by_ci = set(re.findall(r"- run: (make [a-z]+)", workflow))
    assert typed_lines()
    assert [line for line in typed_lines() if line not in run_by_ci] == []


def test_every_block_is_one_that_a_test_runs() -> None:
    languages = {language for language, _ in FENCE.findall(README.read_text())}
    assert languages == {"console", "python"}
    assert README.read_text().count("```") == 2 * len(FENCE.findall(README.read_text()))


def test_it_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 90
    code = [line for block in blocks(README, "python") for line in block.text.splitlines()]
    assert len(code) <= 36
