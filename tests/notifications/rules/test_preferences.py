"""The most specific setting decides (guarantee 11)."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.preferences import Setting, deciding, path_of

pytestmark = pytest.mark.guarantee(n=11)

PATH = ("sport", "news", "all")
CHANNELS = ("email", "sms")

settings_of_somebody = st.dictionaries(
    st.tuples(st.sampled_from(["", *PATH, "offers"]), st.sampled_from(["", *CHANNELS])),
    st.booleans(),
).map(lambda found: [Setting(*key, enabled) for key, enabled in found.items()])
paths = st.integers(0, 3).map(lambda cut: PATH[cut:])


def looked_up(settings: Sequence[Setting], path: Sequence[str], channel: str) -> Setting | None:
    """Look at the places in the order that the documentation gives."""
    stored = {(one.category, one.channel): one for one in settings}
    for category in (*path, ""):
        for way in (channel, ""):
            if (category, way) in stored:
                return stored[category, way]
    return None


@given(settings_of_somebody, paths, st.sampled_from(CHANNELS))
def test_the_nearest_category_decides_and_then_the_named_channel(
    settings: list[Setting], path: tuple[str, ...], channel: str
) -> None:
    assert deciding(settings, path=path, channel=channel) == looked_up(settings, path, channel)


@given(settings_of_somebody, paths, st.sampled_from(CHANNELS), st.randoms())
def test_the_order_of_settings_does_not_matter(
    settings: list[Setting],
    path: tuple[str, ...],
    channel: str,
    random: Random,
) -> None:
    before = deciding(settings, path=path, channel=channel)
    shuffled = random.sample(settings, len(settings))
    assert deciding(shuffled, path=path, channel=channel) == before


@given(settings_of_somebody, paths, st.sampled_from(CHANNELS))
def test_a_setting_about_something_else_changes_nothing(
    settings: list[Setting], path: tuple[str, ...], channel: str
) -> None:
    about_others = [
        one for one in settings if one.category == "offers" or one.channel not in ("", channel)
    ]
    rest = [one for one in settings if one not in about_others]
    assert deciding(settings, path=path, channel=channel) == deciding(
        rest, path=path, channel=channel
    )


def test_a_path_leads_up_and_ends_in_a_circle() -> None:
    assert path_of("sport", {"sport": "news", "news": ""}) == ("sport", "news")
    assert path_of("unknown", {"sport": "news"}) == ("unknown",)
    assert path_of("", {"sport": "news"}) == ()
    assert path_of("a", {"a": "b", "b": "a"}) == ("a", "b")
