"""The recipient, the categories and the settings that tests of people have."""

from tests.notifications.people.conftest import ada, bellringer, news, sport

__all__ = ["ada", "bellringer", "news", "sport"]
