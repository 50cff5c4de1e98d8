"""A row that nothing can be sent by, or to, says so on its page."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from notifications.health.problems import problem_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Any]
else:
    Base = object


class ProblemTold(Base):
    """Says above the form what is wrong with what is stored, in the words of check_platform."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Look at a row that exists as it is stored, not as it was edited."""
        row = options.get("obj")
        stored = row and self.model._default_manager.filter(pk=row.pk).first()
        if stored and (problem := problem_of(stored)):
            messages.warning(request, f"It cannot be used here: {problem}")
        return super().render_change_form(request, context, *args, **options)
