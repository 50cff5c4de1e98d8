"""Variables that begin a link: escaping HTML does not keep ``javascript:`` out of an ``href``."""

import re
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, TemplateRuntimeError, nodes

LINK_FILTER = "_link"

_RUNS_CODE = ("javascript", "vbscript", "data")
# Pictures that are written out are no code: mail programs show them in an <img>.
_PICTURE = "data:image/"
# What browsers leave out before they look for the scheme.
_LEFT_OUT = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]+")
_ATTRIBUTES = (
    "action|background|cite|classid|codebase|data|dynsrc|formaction|href|icon|longdesc|lowsrc|"
    "manifest|ping|poster|profile|src|srcset|usemap|xlink:href"
)
# The end of what stands before a variable: a link has begun, and what decides its scheme is not over. A
# \x01 stands for a variable before this one.
_BEGUN = re.compile(
    rf"""(?:^|[\s"'/\x01])(?:{_ATTRIBUTES})\s*=\s*(?:"[^"<>:/?#]*|'[^'<>:/?#]*|[^\s"'<>:/?#]*)$"""
    r"""|\bcontent\s*=\s*(?:"[^"<>]*|'[^'<>]*)\burl\s*=\s*[^"'<>:/?#]*$""",
    re.IGNORECASE,
)
_KEPT = 300
"""Characters before a variable that are looked at."""
_WAYS = 24
"""Ways through the branches before a variable that are looked at."""


def check_links(tree: nodes.Template, environment: Environment) -> None:
    """Let every variable of an HTML part that may decide the scheme of a link be checked."""
    _follow(tree.body, frozenset({""}), environment)


def _follow(
    body: Iterable[nodes.Node], before: frozenset[str], environment: Environment
) -> frozenset[str]:
    """Go through a part of a template; return what may stand before what comes after it.

    Args:
        body: the part; variables in links get the check.
        before: the ends of what may stand before it, one for each way through its branches.
        environment: of the template.
    """
    for node in body:
        if isinstance(node, nodes.Output):
            before = _written(node, before, environment)
        elif isinstance(node, nodes.If):
            branches: list[nodes.Node] = [*node.elif_]
            ways = [node.body, *([branch] for branch in branches), node.else_]
            before = _together(_follow(way, before, environment) for way in ways)
        elif isinstance(node, nodes.For):
            once = _follow(node.body, before, environment)
            again = _follow(node.body, _together([before, once]), environment)
            before = _together([before, again, _follow(node.else_, before, environment)])
    return before


def _written(
    output: nodes.Output, before: frozenset[str], environment: Environment
) -> frozenset[str]:
    for position, node in enumerate(output.nodes):
        if isinstance(node, nodes.TemplateData):
            before = frozenset((text + node.data)[-_KEPT:] for text in before)
            continue
        is_checked = isinstance(node, nodes.Filter) and node.name == LINK_FILTER
        if not is_checked and any(_BEGUN.search(text) for text in before):
            check = nodes.Filter(node, LINK_FILTER, [], [], None, None, lineno=node.lineno)
            check.set_environment(environment)
            output.nodes[position] = check
        before = frozenset(text + "\x01" for text in before)
    return before


def _together(ways: Iterable[frozenset[str]]) -> frozenset[str]:
    """Put ways together: those in which a link has begun first, as they could be many."""
    every = {text[text.rfind("<") + 1 :] for way in ways for text in way}
    ordered = sorted(every, key=lambda text: (not _BEGUN.search(text), text))
    return frozenset(ordered[:_WAYS])


def checked_link(value: Any) -> Any:
    """Return a value unchanged that makes no link run code.

    A link may be put together from several variables, so the end of such a scheme counts as well.

    Raises:
        TemplateRuntimeError: it could; the message has no value.
    """
    if isinstance(value, str) and _may_run(_LEFT_OUT.sub("", value).lower()):
        raise TemplateRuntimeError(
            "a link may not begin with javascript:, vbscript: or data:; give an https:// address"
        )
    return value


def _may_run(link: str) -> bool:
    scheme, colon, _ = re.split(r"[/?#]", link, maxsplit=1)[0].partition(":")
    if not colon:
        return scheme in _RUNS_CODE
    if link.startswith(_PICTURE):
        return False
    return any(name.endswith(scheme) for name in _RUNS_CODE)
