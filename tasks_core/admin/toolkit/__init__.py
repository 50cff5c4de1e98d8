"""What admin pages of all apps are made of.

``RecordAdmin`` shows rows that nobody edits, with facts and panels. ``ActionsAdmin`` and its child
``RecordActionsAdmin`` give rows actions that ask before they do something and say afterwards what happened.
The rest are words, links and fields as they look everywhere in the admin.
"""

from typing import TYPE_CHECKING

from tasks_core.public_names import imported_on_use

if TYPE_CHECKING:
    from tasks_core.admin.toolkit.actions.action import Action, ActionForm
    from tasks_core.admin.toolkit.actions.actions_admin import ActionsAdmin, RecordActionsAdmin
    from tasks_core.admin.toolkit.actions.each import Answers, Did, Refused, each
    from tasks_core.admin.toolkit.actions.reason import ReasonForm, signed_reason
    from tasks_core.admin.toolkit.actions.tally import Tally
    from tasks_core.admin.toolkit.badges import badge
    from tasks_core.admin.toolkit.blocks import (
        facts_table,
        json_block,
        link,
        table,
        text_block,
        two_lines,
        values_table,
    )
    from tasks_core.admin.toolkit.form_fields.instant import InstantField
    from tasks_core.admin.toolkit.form_fields.json_object import JsonObjectField
    from tasks_core.admin.toolkit.form_fields.lines import LinesField
    from tasks_core.admin.toolkit.form_fields.suggesting import SuggestingInput
    from tasks_core.admin.toolkit.form_fields.tags import TagsField
    from tasks_core.admin.toolkit.keyset import KeysetChangeList
    from tasks_core.admin.toolkit.moments import (
        NONE,
        exact_instant,
        moment,
        moment_in_full,
        relative,
        span,
    )
    from tasks_core.admin.toolkit.places import dead_letter_link, list_url, task_link
    from tasks_core.admin.toolkit.record import Fact, Panel, RecordAdmin, shows_list
    from tasks_core.admin.toolkit.related import link_tasks
    from tasks_core.admin.toolkit.schedule_zone import zone_or_utc
    from tasks_core.admin.toolkit.theme import ModelAdmin
    from tasks_core.admin.toolkit.tile import Tile, add_tiles

__all__ = [
    "NONE",
    "Action",
    "ActionForm",
    "ActionsAdmin",
    "Answers",
    "Did",
    "Fact",
    "InstantField",
    "JsonObjectField",
    "KeysetChangeList",
    "LinesField",
    "ModelAdmin",
    "Panel",
    "ReasonForm",
    "RecordActionsAdmin",
    "RecordAdmin",
    "Refused",
    "SuggestingInput",
    "TagsField",
    "Tally",
    "Tile",
    "add_tiles",
    "badge",
    "dead_letter_link",
    "each",
    "exact_instant",
    "facts_table",
    "json_block",
    "link",
    "link_tasks",
    "list_url",
    "moment",
    "moment_in_full",
    "relative",
    "shows_list",
    "signed_reason",
    "span",
    "table",
    "task_link",
    "text_block",
    "two_lines",
    "values_table",
    "zone_or_utc",
]

__getattr__ = imported_on_use(__name__, __file__)
