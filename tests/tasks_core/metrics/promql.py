"""Read PromQL: which series an expression wants, and which labels it names."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
from prometheus_client.core import Metric
from promql_parser import MatchOp

OF_PROMETHEUS = frozenset({"job", "instance"})
"""Labels that Prometheus adds to each series it scrapes."""


def selectors(expression: str) -> list[promql.VectorSelector]:
    """Return what the expression reads.

    Raises ValueError if it is not PromQL.
    """
    nodes = _nodes(promql.parse(expression))
    return [node for node in nodes if isinstance(node, promql.VectorSelector)]


def labels_named(expression: str) -> set[str]:
    """Return the labels that the expression selects, groups or joins by."""
    found = set()
    for node in _nodes(promql.parse(expression)):
        if isinstance(node, promql.VectorSelector):
            found |= {matcher.name for matcher in node.matchers.matchers}
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql.AggregateExpr) and modifier is not None:
            found |= set(modifier.labels)
    return found


def series(selector: promql.VectorSelector, metrics: dict[str, Metric]) -> list[dict[str, str]]:
    """Return the labels of the samples that a selector finds; what Prometheus adds matches anything."""
    wanted = [m for m in selector.matchers.matchers if m.name not in OF_PROMETHEUS]
    return [
        sample.labels
        for family in metrics.values()
        for sample in family.samples
        if sample.name == selector.name
        and all(_matches(sample.labels.get(matcher.name, ""), matcher) for matcher in wanted)
    ]


def _matches(value: str, matcher: promql.Matcher) -> bool:
    if matcher.op in (MatchOp.Equal, MatchOp.NotEqual):
        found = value == matcher.value
    else:
        found = re.fullmatch(matcher.value, value) is not None
    return found is (matcher.op in (MatchOp.Equal, MatchOp.Re))


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    parts = [
        getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param", "vector_selector")
    ]
    for part in (*parts, *getattr(node, "args", ())):
        if part is not None and not isinstance(part, str):
            yield from _nodes(part)
