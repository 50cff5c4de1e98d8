"""The admin classes of the theme, with Django's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin as ThemedModelAdmin

    class ModelAdmin(ThemedModelAdmin):
        """The theme's class; ``ModelAdmin[Task]`` is the same class, for type checkers."""

        def __class_getitem__(cls, model: type) -> type:
            return cls


__all__ = ["ModelAdmin"]
