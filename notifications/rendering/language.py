"""The part of Jinja that message templates may use, as an allow-list of its syntax tree.

What is left cannot call anything, assign anything or multiply its own size, so a rendering is
bounded by the template, the variables and the loop budget.
"""

from jinja2 import Environment, TemplateSyntaxError, nodes

from notifications.rendering.loops import LOOP_FILTER

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
    nodes.Add,
    nodes.Sub,
    nodes.Neg,
    nodes.List,
    nodes.Tuple,
)

_ADVICE: dict[type[nodes.Node], str] = {
    nodes.Call: "calls are not available; use a filter, or pass the value as a variable",
    nodes.Concat: "'~' is not available; write the two parts one after the other",
    nodes.Assign: "{% set %} is not available; pass the value as a variable",
    nodes.Include: "{% include %} is not available; a template stands alone",
    nodes.Import: "{% import %} is not available; a template stands alone",
    nodes.FromImport: "{% from %} is not available; a template stands alone",
    nodes.Extends: "{% extends %} is not available; a template stands alone",
    nodes.Block: "{% block %} is not available; a template stands alone",
}


def check_language(tree: nodes.Template, environment: Environment) -> None:
    """Refuse what is outside the allowed part.

    Raises:
        TemplateSyntaxError: with the line, and what to write instead.
    """
    for node in _walk(tree):
        if type(node) not in _ALLOWED:
            kind = type(node).__name__
            raise TemplateSyntaxError(
                _ADVICE.get(type(node), f"{kind} is not available in message templates"),
                node.lineno,
            )
        _check_names(node, environment)
        _check_shape(node)


def meter_loops(tree: nodes.Template, environment: Environment) -> None:
    """Make every loop draw on the rendering's budget of turns."""
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(
            loop.iter, LOOP_FILTER, [], [], None, None, lineno=loop.lineno
        ).set_environment(environment)


def _walk(node: nodes.Node) -> list[nodes.Node]:
    found = [node]
    for child in node.iter_child_nodes():
        found += _walk(child)
    return found


def _check_names(node: nodes.Node, environment: Environment) -> None:
    """Unknown filters and tests are errors now; Jinja would find some only while rendering."""
    known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
    if isinstance(node, nodes.Name) and node.name.startswith("_"):
        raise TemplateSyntaxError("a variable's name may not begin with an underscore", node.lineno)
    if not isinstance(node, nodes.Filter | nodes.Test):
        return
    if node.name not in known or node.name.startswith("_"):
        kind = type(node).__name__.lower()
        listed = ", ".join(sorted(name for name in known if not name.startswith("_")))
        raise TemplateSyntaxError(
            f"there is no {kind} named '{node.name}'; there are: {listed}", node.lineno
        )


def _check_shape(node: nodes.Node) -> None:
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("recursive loops are not available", node.lineno)
    is_literal = isinstance(node, nodes.List) or (
        isinstance(node, nodes.Tuple) and node.ctx == "load"
    )
    if is_literal and any(not isinstance(item, nodes.Const) for item in node.iter_child_nodes()):
        raise TemplateSyntaxError("a list may hold only constants", node.lineno)
