"""One thing that an operator can do to rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.db.models import Model

from tasks_core.admin.toolkit.actions.tally import Tally

M = TypeVar("M", bound=Model)


class ActionForm(forms.Form):
    """What the page asks; ``rows`` are those that the action is for.

    ``on_record`` names the answers that the history of a row keeps; never secrets, nor who somebody is.

    A form that is not valid yet though nothing is wrong, as it has something to show first, says with
    ``button`` what the next click does.
    """

    button = ""
    on_record: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, rows: Sequence[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self.rows = rows


@dataclass(frozen=True, kw_only=True)
class Action(Generic[M]):
    """An action with the words of its page.

    Attributes:
        name: part of its URL.
        label: on the button that leads to the page.
        button: on the button that does it.
        explanation: what will happen, in one or two sentences.
        perform: does it to rows, given the form's data and who asked; never raises for one row.
        applies: whether the button is shown on a row's page.
        in_bulk: whether it is offered for the rows that are ticked in a list.
        danger: whether it cannot be taken back.
        removes: whether the row is gone afterwards, so that its list follows instead of its page.
        template: the page, if it is not the usual one.
        permission: what one may do to the model who may take the action: ``change`` or ``delete``.
    """

    name: str
    label: str
    button: str
    explanation: str
    perform: Callable[[Sequence[M], Mapping[str, Any], str], Tally]
    applies: Callable[[M], bool]
    form: type[ActionForm] = ActionForm
    icon: str = ""
    in_bulk: bool = True
    danger: bool = False
    removes: bool = False
    template: str = "admin/tasks_core/action.html"
    permission: str = "change"
