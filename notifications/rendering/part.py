"""One part of a template (subject, text or HTML), compiled."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateRuntimeError, TemplateSyntaxError, meta

from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.rendering import limits
from notifications.rendering.language import check_language, meter_loops
from notifications.rendering.links import check_links
from notifications.rendering.loops import BUDGET, LoopBudget
from notifications.rendering.sandbox import MessageEnvironment, MissingVariable
from notifications.rendering.time_budget import check_time, time_budget


class Part:
    """A compiled part. ``names`` are the variables that it looks at."""

    def __init__(self, kind: str, source: str, environment: MessageEnvironment) -> None:
        """Compile ``source``.

        Raises:
            InvalidTemplate: names the part, the line and what is wrong.
        """
        self.kind = kind
        most = limits.current()
        if len(source) > most.template_limit:
            raise InvalidTemplate(
                kind, f"has {len(source)} characters; the limit is {most.template_limit}"
            )
        try:
            tree = environment.parse(source)
            check_language(tree, environment)
            self.names = frozenset(meta.find_undeclared_variables(tree))
            meter_loops(tree, environment)
            if environment.autoescape:
                check_links(tree, environment)
            # Jinja works out what is constant while it compiles; what has no time left is left for later.
            with time_budget(most.render_seconds):
                code = environment.compile(tree, name=kind, filename=f"<{kind}>")
        except TemplateSyntaxError as error:
            raise InvalidTemplate(kind, error.message or "syntax error", error.lineno) from None
        except RecursionError:
            raise InvalidTemplate(kind, "is nested too deep") from None
        self._template = Template.from_code(environment, code, environment.globals)

    def render(self, variables: Mapping[str, Any]) -> str:
        """Render with plain JSON values.

        Raises:
            RenderingFailed: names the part, the line, and the variable if one is missing. The
                error carries no values, and none of the errors below it.
        """
        most = limits.current()
        given = {**variables, BUDGET: LoopBudget(most.loop_limit)}
        try:
            with time_budget(most.render_seconds):
                return self._collect(given, most.message_limit)
        except MissingVariable as error:
            name = str(error)
            raise RenderingFailed(
                self.kind,
                f"the variable '{name}' is not given",
                line=self._line(error.__traceback__),
                variable=name,
            ) from None
        except TemplateRuntimeError as error:
            problem = error.message or "the template cannot be rendered"
            line = self._line(error.__traceback__)
            raise RenderingFailed(self.kind, problem, line=line) from None
        # Whatever a filter makes of a value that nobody thought of is the template's error, too.
        except Exception as error:  # noqa: BLE001
            problem = f"a value does not fit what is done with it ({type(error).__name__})"
            line = self._line(error.__traceback__)
            raise RenderingFailed(self.kind, problem, line=line) from None

    def _collect(self, given: Mapping[str, Any], limit: int) -> str:
        chunks: list[str] = []
        length = 0
        for chunk in self._template.generate(given):
            check_time()
            length += len(chunk)
            if length > limit:
                raise TemplateRuntimeError(f"gives more than {limit} characters")
            chunks.append(chunk)
        return "".join(chunks)

    def _line(self, traceback: TracebackType | None) -> int | None:
        """Find the template's line in a traceback that Jinja has rewritten."""
        line = None
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == f"<{self.kind}>":
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        return line
