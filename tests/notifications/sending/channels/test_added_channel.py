"""The worked example of docs/channels.md: a folder, and one line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from notifications.api import add_channel, notify, publish_template
from notifications.channel_api import registry
from notifications.exceptions import InvalidNotification
from notifications.sending.channels.email.channel import EmailChannel
from scheduler_project.data_folder import CHECKOUT
from tasks_core import registry as task_registry
from tasks_core.events.queues import queue_names
from tasks_core.testing import run_due
from tests.documentation.markdown import blocks
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pager(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Add the channel as the document does, with a pager service of our own."""
    monkeypatch.setattr(task_registry, "_types", task_registry.task_types())
    before = dict(registry.CHANNELS)
    example = next(
        block
        for block in blocks(CHECKOUT / "docs" / "channels.md", "python")
        if "class PagerChannel" in block.text
    )
    names: dict[str, Any] = {"__name__": "pagers.channels.pager.channel"}
    source = example.text.replace("https://pager.example.com/messages", receiver.url)
    exec(compile(source, "docs/channels.md", "exec"), names)
    publish_template("alert", channel="pager", text="{{ what }}")
    yield names
    registry.CHANNELS.clear()
    registry.CHANNELS.update(before)


@pytest.mark.usefixtures("pager")
def test_it_delivers(receiver: Receiver) -> None:
    receiver.plan(Reply(503), Reply(204))
    notification = notify("alert", channel="pager", to="12345678", context={"what": "Disk full"})
    run_due()
    assert json.loads(receiver.received[0].body) == {"pager": "12345678", "text": "Disk full"}
    delivery = notification.deliveries.get()
    assert (delivery.state, delivery.error) == ("sending", "the pager answered 503")
    assert "notification.deliver.pager" in task_registry.task_types()
    assert "pager" in queue_names()


@pytest.mark.usefixtures("pager")
def test_its_addresses_and_its_length_are_checked() -> None:
    with pytest.raises(InvalidNotification, match="to: is not a pager"):
        notify("alert", channel="pager", to="ada@example.com", context={"what": "x"})
    with pytest.raises(InvalidNotification, match="more than 80 characters"):
        notify("alert", channel="pager", to="12345678", context={"what": "x" * 81})


def test_a_name_belongs_to_one_channel() -> None:
    class Another(EmailChannel):
        queue_name = "other"

    with pytest.raises(ValueError, match="there is a channel email already"):
        add_channel(Another())  # type: ignore[arg-type]
