"""Note what a recipient said, for instance on the telephone."""

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidRecipient
from notifications.models import Category, Recipient
from notifications.people.recipients.preferences import set_preference
from tasks_core.admin.toolkit import Action, ActionForm, Answers, Did, SuggestingInput, each

WISHES = {"off": False, "on": True, "forget": None}


class PreferenceForm(ActionForm):
    """Asks what is wanted."""

    wish = forms.ChoiceField(
        choices=[("off", "Off"), ("on", "On"), ("forget", "Forget what was said")],
        widget=UnfoldAdminSelectWidget(),
    )
    category = forms.CharField(
        required=False,
        max_length=64,
        widget=SuggestingInput(
            lambda: Category.objects.order_by("key").values_list("key", flat=True)
        ),
        help_text="Key of a category, and of those below it; empty for any.",
    )
    channel = forms.ChoiceField(
        required=False,
        choices=lambda: [("", "any"), *((name, name) for name in sorted(CHANNELS))],
        widget=UnfoldAdminSelectWidget(),
    )


def _set(row: Recipient, answers: Answers, actor: str) -> Did:
    set_preference(
        row,
        WISHES[answers["wish"]],
        category=answers["category"],
        channel=answers["channel"],
        source=actor,
    )
    return Did("given the preference")


SET_PREFERENCE: Action[Recipient] = Action(
    name="preference",
    label="Preference…",
    button="Store it",
    icon="tune",
    explanation="The most specific preference decides when a message is sent. Critical ones are always sent.",
    form=PreferenceForm,
    perform=each(_set, refusals={InvalidRecipient: "were left as they were"}),
    applies=lambda _: True,
    in_bulk=False,
)
