"""Categories: what people switch off, and what quiet hours do."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.safestring import SafeString

from notifications.admin.toolkit.problem_told import ProblemTold
from notifications.exceptions import InvalidCategory
from notifications.models import Category
from notifications.people.recipients.categories import check_category, check_parent, lock_tree
from tasks_core import clock, database
from tasks_core.admin.toolkit import ModelAdmin, TagsField, badge


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Refuses what would be refused by ``save_category``."""

    default_channels = TagsField(
        required=False,
        help_text="Ways to take, the first that the recipient has; empty: as the templates allow.",
    )

    class Meta:
        model = Category
        fields = (
            "key",
            "name",
            "description",
            "parent",
            "is_critical",
            "quiet_hours",
            "digest_template",
            "default_channels",
            "body_retention_days",
            "exchange_retention_days",
            "row_retention_days",
        )

    def clean(self) -> dict[str, Any]:
        """Check the fields together, and the place in the tree."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        key = cleaned.get("key", self.instance.key)
        try:
            check_category(key, cleaned)
            if cleaned.get("parent"):
                check_parent(Category(key=key), cleaned["parent"])
        except InvalidCategory as error:
            self.add_error(error.field if error.field in self.fields else None, error.problem)
        return cleaned


@admin.register(Category)
class CategoryAdmin(ProblemTold, ModelAdmin[Category]):
    """The key is what callers give, and does not change. Built-in ones stay critical."""

    explanation = (
        "Kinds of messages: what can be switched off, what quiet hours do, how long they are kept."
    )
    form = CategoryForm
    list_display = ("key", "name", "parent", "urgency", "quiet_hours")
    list_select_related = ("parent",)
    list_filter = ("is_critical", "quiet_hours")
    search_fields = ("key", "name")
    ordering = ("key",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("key", "name", "description", "parent")}),
        (
            "Sending",
            {"fields": ("is_critical", "quiet_hours", "digest_template", "default_channels")},
        ),
        (
            "Retention",
            {
                "fields": (
                    "body_retention_days",
                    "exchange_retention_days",
                    "row_retention_days",
                )
            },
        ),
    )

    @admin.display(description="urgency")
    def urgency(self, row: Category) -> SafeString | str:
        """Whether it cannot be switched off."""
        return badge("Critical", "warning") if row.is_critical else ""

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> Any:
        """The key, and of built-in ones what the product relies on."""
        if obj is None:
            return ()
        return ("key", "is_critical") if obj.is_built_in else ("key",)

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        """Built-in ones stay."""
        return super().has_delete_permission(request, obj) and not (obj and obj.is_built_in)

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Save with the tree locked, so that two people make no circle together."""
        with transaction.atomic(using=database.alias()):
            lock_tree()
            if obj.parent is not None:
                check_parent(obj, Category.objects.get(pk=obj.parent.pk))
            if not change:
                obj.created_at = clock.now()
            super().save_model(request, obj, form, change)
