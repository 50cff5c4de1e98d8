"""The channels by name: each is there, and is imported when it is asked for."""

import pytest

from notifications.channel_api.registry import CHANNELS, Channels


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_each_channel_has_the_name_that_it_is_known_by(kind: str) -> None:
    assert CHANNELS[kind].kind == kind
    assert CHANNELS[kind] is CHANNELS[kind]


def test_names_are_known_without_importing_anything() -> None:
    channels = Channels({"nowhere": "nowhere.channel.NoChannel"})
    assert "nowhere" in channels
    assert (list(channels), len(channels)) == (["nowhere"], 1)
    with pytest.raises(ModuleNotFoundError):
        channels["nowhere"]
