"""Subqueries that pick a batch are run once: what the planner runs again for each row picks more each time.

``id IN (SELECT ... LIMIT 2 FOR UPDATE SKIP LOCKED)`` is a join, and whether its inner side is run once or for
every row is up to the statistics of the table. ``id = ANY(ARRAY(SELECT ...))`` is always run once.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for app in ("tasks_core", "notifications", "scheduler_project")
    for path in (ROOT / app).rglob("*.py")
)

SUBQUERY = re.compile(r"\bIN\s*\(\s*SELECT\b", re.IGNORECASE)
PICKS = re.compile(
    r"\bLIMIT\b|\bFOR\s+(NO\s+KEY\s+UPDATE|UPDATE|SHARE|KEY\s+SHARE)\b", re.IGNORECASE
)


def picking_subqueries(text: str) -> Iterator[str]:
    """Give the subqueries behind ``IN`` that take some rows of many, or lock them."""
    for match in SUBQUERY.finditer(text):
        subquery = in_parentheses(text, match.start())
        if PICKS.search(subquery):
            yield subquery


def in_parentheses(text: str, start: int) -> str:
    """Give the text from ``start`` to the end of the first parentheses after it."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0 and text[position] == ")":
            return text[start : position + 1]
    return text[start:]


def sliced_querysets(tree: ast.AST) -> Iterator[int]:
    """Give the lines where the ORM is asked for rows whose key is in a slice of others."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.keyword)
            and node.arg
            and node.arg.endswith("__in")
            and isinstance(node.value, ast.Subscript)
            and isinstance(node.value.slice, ast.Slice)
        ):
            yield node.value.lineno


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("DELETE FROM t WHERE id IN (SELECT id FROM t WHERE f(x) ORDER BY a LIMIT 2)", True),
        ("DELETE FROM t WHERE id IN (\n  SELECT id FROM t FOR NO KEY UPDATE SKIP LOCKED\n)", True),
        ("DELETE FROM t WHERE id = ANY(ARRAY(SELECT id FROM t LIMIT 2))", False),
        ("DELETE FROM t WHERE id IN (SELECT id FROM some)", False),
        ("SELECT id FROM t WHERE id IN (SELECT id FROM some) LIMIT 2", False),
    ],
)
def test_the_form_is_known(text: str, is_found: bool) -> None:
    assert bool(list(picking_subqueries(text))) is is_found


def test_no_statement_picks_a_batch_behind_in() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {subquery}"
        for path in FILES
        for subquery in picking_subqueries(path.read_text())
    ]

    assert len(FILES) > 100
    assert found == []


def test_no_query_of_the_orm_picks_a_batch_behind_in() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for line in sliced_querysets(ast.parse(path.read_text()))
    ]

    assert found == []
