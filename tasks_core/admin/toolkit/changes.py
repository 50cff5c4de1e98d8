"""What an edit changed, from what to what, in words for the history of a row; secrets never."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.forms.utils import pretty_name

from tasks_core.engine.redaction import MASK
from tasks_core.logs.redaction import is_secret_field, redacted_text
from tasks_core.payloads import opened

LONGEST = 80
"""Characters of a value that are kept; of a longer one the part where it differs."""
BEFORE_DIFFERENCE = 20
NOTHING = "nothing"


def changes(
    edited: "forms.ModelForm[Any]",
    stored: "forms.ModelForm[Any]",
    *,
    before: Mapping[str, Any],
    with_values: bool,
    without: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Return what each field that is another now was and is, in the words that its page has for it.

    What a page masks, or never shows, is only named.

    Args:
        edited: the form that was saved; its initial values are those from before.
        stored: a form of the row as it is now.
        before: the values of the row's columns from before.
        with_values: whether values may be kept; else the fields are only named.
        without: fields whose values are not kept in any case.
    """
    for name, field in edited.fields.items():
        if field.widget.is_hidden:
            continue
        label = str(field.label or pretty_name(name))
        old, new = _text(edited, name), _text(stored, name)
        if old == new:
            if _is_other_secret(name, new, before, stored.instance):
                yield f"a secret of {label}"
            elif not new and name in edited.changed_data and edited.cleaned_data.get(name):
                yield f"{label}, which is not shown"  # written, and read by no page
        elif not with_values or name in without or is_secret_field(name):
            yield label
        elif isinstance(field, forms.ModelMultipleChoiceField):
            yield f"{label}: {_more_and_less(_rows(edited, name), _rows(stored, name))}"
        else:
            yield f"{label} {_from_to(redacted_text(old), redacted_text(new))}"


def in_a_sentence(found: list[str]) -> str:
    """Return for example ``Changed Jitter from “0s” to “5m”; Tags from “a” to “a, b”.``"""
    return f"Changed {'; '.join(found)}." if found else "Saved; nothing was changed."


def _text(form: "forms.ModelForm[Any]", name: str) -> str:
    field = form.fields[name]
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if isinstance(field, forms.ModelChoiceField):
        return ", ".join(_rows(form, name))
    if isinstance(field, forms.ChoiceField):
        return str(_choices(field).get(str(value), "" if value is None else value))
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    return "" if value is None else str(value).replace("\r\n", "\n")


def _rows(form: "forms.ModelForm[Any]", name: str) -> list[str]:
    """Return the names of the rows that a field points to."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if value in field.empty_values:
        return []
    keys = value if isinstance(value, list | tuple) else [value]
    rows = field.queryset.filter(pk__in=[getattr(key, "pk", key) for key in keys])  # type: ignore[union-attr]
    return sorted(map(str, rows))


def _more_and_less(old: list[str], new: list[str]) -> str:
    more, less = sorted({*new} - {*old}), sorted({*old} - {*new})
    said = [("added", more), ("taken away", less)]
    return ", ".join(
        f"{word} {', '.join(f'“{one}”' for one in those)}" for word, those in said if those
    )


def _choices(field: forms.ChoiceField) -> dict[str, str]:
    found: dict[str, str] = {}
    choices: Any = field.choices
    for value, label in choices:
        group = label if isinstance(label, list | tuple) else [(value, label)]
        found |= {str(one): str(word) for one, word in group if one != ""}
    return found


def _is_other_secret(name: str, text: str, before: Mapping[str, Any], row: Model) -> bool:
    """Tell whether it looks the same only because of its masks."""
    if MASK not in text or name not in before:
        return False
    try:
        return bool(opened(before[name]) != opened(getattr(row, name)))
    except ImproperlyConfigured:  # no key opens it, so nobody can say that it is the same
        return bool(before[name] != getattr(row, name))


def _from_to(old: str, new: str) -> str:
    if old == new:
        return "in a part that is not shown"
    old, new = " ".join(old.split()), " ".join(new.split())
    if old == new:
        return "in its white space"
    start = 0
    if max(len(old), len(new)) > LONGEST:
        pairs = enumerate(zip(old, new, strict=False))
        differs = next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))
        start = max(0, differs - BEFORE_DIFFERENCE)
    return f"from {_part(old, start)} to {_part(new, start)}"


def _part(text: str, start: int) -> str:
    if not text:
        return NOTHING
    part = text[start : start + LONGEST]
    before, after = "…" if start else "", "…" if start + LONGEST < len(text) else ""
    return f"“{before}{part}{after}”"
