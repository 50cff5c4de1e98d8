"""The admin classes of the theme, with Django's types."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as DjangoModelAdmin
    from django.db.models import Model

    M = TypeVar("M", bound=Model)

    class ModelAdmin(DjangoModelAdmin[M]):
        """What type checkers see."""

        explanation: str
        values_on_record: bool
        values_off_record: frozenset[str]
else:
    from unfold.admin import ModelAdmin as ThemedModelAdmin

    from tasks_core.admin.toolkit.checked import CheckedAdmin
    from tasks_core.admin.toolkit.edits_on_record import EditsOnRecord
    from tasks_core.admin.toolkit.unreadable_rows import EachRowAlone

    class ModelAdmin(EditsOnRecord, EachRowAlone, CheckedAdmin, ThemedModelAdmin):
        """The theme's class; ``ModelAdmin[Task]`` is the same class, for type checkers.

        ``explanation`` says in one sentence, above its list, what the rows are.
        """

        explanation = ""
        list_before_template = "admin/tasks_core/explanation.html"

        def __class_getitem__(cls, model: type) -> type:
            return cls


__all__ = ["ModelAdmin"]
