"""The references follow from the code, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT
from tests.documentation.command_reference import commands, own_arguments
from tests.documentation.markdown import documents, name_of
from tests.documentation.renew import generated, renewed
from tests.documentation.settings_reference import settings_reference

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("document", generated(), ids=name_of)
def test_generated_parts_are_as_the_code_has_them(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert text == renewed(text, generated()[document]()), "run `make docs`"


def test_every_argument_and_every_setting_has_a_meaning() -> None:
    for name, command in commands().items():
        assert command.help
        assert [a.dest for a in own_arguments(command, name) if not a.help] == []
    rows = [line for line in settings_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if not row.split("|")[3].strip()] == []


def anchors(document: Path) -> set[str]:
    """Return the names that browsers give to the headings."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        is_there = target.exists() and target.is_relative_to(CHECKOUT)
        if not is_there or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [CHECKOUT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        ahead += [
            (page.parent / link.partition("#")[0]).resolve()
            for link in links
            if "://" not in link and not link.startswith("#")
        ]
    pages = {CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")}
    assert pages <= seen
