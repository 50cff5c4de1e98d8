"""The history of a row says of each edit what it changed, from what to what."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest

from tasks_core.admin.toolkit.changes import changes, in_a_sentence

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as Base
else:
    Base = object

_BEFORE = "_values_before_the_edit"


class EditsOnRecord(Base[Model] if TYPE_CHECKING else Base):  # type: ignore[misc] # no base at run time
    """Compares the row before an edit with what is stored after it, not what was typed."""

    values_on_record = True
    """Whether the history keeps values; never those of people, which would outlive their erasure."""
    values_off_record: frozenset[str] = frozenset()
    """Fields whose changes are on record without their values."""

    def get_object(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Remember what is stored, as the form will write over it."""
        row = super().get_object(request, *args, **options)
        if row is not None and request.method == "POST":
            setattr(row, _BEFORE, dict(row.__dict__))
        return row

    def construct_change_message(
        self, request: HttpRequest, form: "forms.ModelForm[Any]", formsets: Any, add: bool = False
    ) -> Any:
        """Return what changed, in words; of a new row that it was added."""
        row = form.instance
        before = row.__dict__.pop(_BEFORE, None)
        stored = self.model._default_manager.filter(pk=row.pk).first()
        if add or before is None or stored is None:
            return super().construct_change_message(request, form, formsets, add)
        found = changes(
            form,
            type(form)(instance=stored),
            before=before,
            with_values=self.values_on_record,
            without=self.values_off_record,
        )
        return in_a_sentence(list(found))
