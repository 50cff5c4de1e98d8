"""docs/guarantees.md and the tests that hold it have the same numbers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = list(range(1, 22))


def marks(tree: ast.AST) -> Iterator[int]:
    """Yield the numbers of the marks ``guarantee(n=...)`` on tests and modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.guarantee":
            [given] = node.keywords
            assert given.arg == "n"
            assert isinstance(given.value, ast.Constant)
            assert isinstance(given.value.value, int)
            yield given.value.value


def marked() -> dict[int, set[str]]:
    """Return the test modules of each number."""
    found: dict[int, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in marks(ast.parse(path.read_text("utf-8"))):
            found.setdefault(number, set()).add(path.relative_to(ROOT).as_posix())
    return found


def documented() -> list[int]:
    text = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
    return [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]


def test_every_guarantee_is_held_by_tests_and_there_is_no_other_number() -> None:
    assert sorted(marked()) == NUMBERS


def test_the_document_lists_the_same_numbers_in_order() -> None:
    assert documented() == NUMBERS


def test_what_processes_can_break_is_tested_with_processes_that_are_killed() -> None:
    by_number = marked()
    for number in (1, 2, 3, 4, 10, 15, 16):
        assert [path for path in by_number[number] if "/acceptance/" in path], number
