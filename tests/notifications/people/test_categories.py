"""The tree of categories."""

from typing import Any

import pytest

from notifications.api import save_category
from notifications.exceptions import InvalidCategory
from notifications.models import Category
from notifications.people.recipients.category_tree import tree_for

pytestmark = pytest.mark.django_db


def test_a_category_is_stored_and_changed_by_key() -> None:
    save_category("billing", name="Bills", quiet_hours="drop", body_retention_days=30)
    changed = save_category("billing", is_critical=True)
    assert (changed.name, changed.quiet_hours) == ("Bills", "drop")
    assert (changed.is_critical, changed.body_retention_days) == (True, 30)


def test_the_tree_answers_for_categories_that_are_known_and_for_others() -> None:
    save_category("news", quiet_hours="send")
    save_category("news.sport", parent="news")
    tree = tree_for(["news.sport"])
    assert tree.path("news.sport") == ("news.sport", "news")
    assert tree.path("weather") == ("weather",)
    assert (tree.in_quiet_hours("news"), tree.in_quiet_hours("weather")) == ("send", "defer")
    assert tree.is_critical("otp")
    assert not tree.is_critical("news")


def test_a_parent_is_taken_off_again_and_never_makes_a_circle() -> None:
    save_category("news")
    save_category("news.sport", parent="news")
    save_category("news.sport.football", parent="news.sport")
    for parent in ("news", "news.sport", "news.sport.football"):
        with pytest.raises(InvalidCategory, match="lies below"):
            save_category("news", parent=parent)
    save_category("news.sport", parent="")
    assert Category.objects.get(key="news.sport").parent is None


def test_one_time_codes_are_built_in_and_stay_critical() -> None:
    Category.objects.get_or_create(
        key="otp",
        defaults={"is_critical": True, "is_built_in": True, "created_at": "2026-01-01T00:00Z"},
    )
    with pytest.raises(InvalidCategory, match="stays critical"):
        save_category("otp", is_critical=False)
    Category.objects.filter(key="otp").delete()
    save_category("news")
    assert tree_for(["otp", "news"]).is_critical("otp")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"key": "News!"}, "key"),
        ({"key": "x" * 65}, "key"),
        ({"quiet_hours": "never"}, "quiet_hours"),
        ({"default_channels": ["pigeon"]}, "default_channels"),
        ({"parent": "nowhere"}, "parent"),
    ],
)
def test_a_wrong_argument_is_named_and_leaves_no_row(wrong: dict[str, Any], field: str) -> None:
    before = Category.objects.count()
    with pytest.raises(InvalidCategory) as refused:
        save_category(**{"key": "news", **wrong})
    assert refused.value.field == field
    assert Category.objects.count() == before
