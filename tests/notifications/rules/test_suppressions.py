"""Which entries of the list stop a message (guarantee 12)."""

import pytest

from notifications.rules.suppressions import Entry, Reason, stopping

pytestmark = pytest.mark.guarantee(n=12)

PATH = ("sport", "news")


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("category", ["", "sport", "news"])
def test_an_entry_stops_its_category_and_what_is_below(reason: Reason, category: str) -> None:
    entry = Entry(category, reason)
    assert stopping([entry], path=PATH, is_critical=False) == entry


def test_an_entry_for_another_category_stops_nothing() -> None:
    entries = [Entry("offers", Reason.UNSUBSCRIBE), Entry("football", Reason.UNSUBSCRIBE)]
    assert stopping(entries, path=PATH, is_critical=False) is None
    assert stopping(entries, path=(), is_critical=False) is None


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.UNSUBSCRIBE])
def test_wishes_do_not_stop_critical_messages(reason: Reason) -> None:
    assert stopping([Entry("", reason)], path=("otp",), is_critical=True) is None


@pytest.mark.parametrize("reason", [Reason.HARD_BOUNCE, Reason.SOFT_BOUNCE, Reason.MANUAL])
def test_an_address_that_does_not_work_stops_critical_messages_too(reason: Reason) -> None:
    assert stopping([Entry("", reason)], path=("otp",), is_critical=True) == Entry("", reason)


def test_of_several_entries_the_gravest_is_named() -> None:
    entries = [Entry("", Reason.UNSUBSCRIBE), Entry("", Reason.HARD_BOUNCE)]
    assert stopping(entries, path=PATH, is_critical=False) == entries[1]
