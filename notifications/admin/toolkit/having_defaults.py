"""Fields of a form that may be left empty, because the row has a value for them already."""

from collections.abc import Iterable
from typing import Any

from django import forms


def leave_optional(form: "forms.ModelForm[Any]", names: Iterable[str]) -> None:
    """Ask for none of ``names``; whoever may only look has a form without these fields."""
    for name in names:
        if name in form.fields:
            form.fields[name].required = False


def keep_what_was_left_empty(
    form: "forms.ModelForm[Any]", cleaned: dict[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """Return ``cleaned`` with the row's own value where nothing was typed."""
    for name in names:
        if cleaned.get(name, "") is None:
            cleaned[name] = getattr(form.instance, name)
    return cleaned
