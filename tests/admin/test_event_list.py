"""The list of events is narrowed by what happened, to which type, and when."""

from datetime import timedelta

from django.test import Client

from tasks_core import clock
from tasks_core.models import TaskEvent
from tests.admin import rows

URL = "/admin/tasks_core/taskevent/"


def _shown(client: Client, query: str) -> list[tuple[int, str]]:
    found = client.get(URL + query).context["cl"].result_list
    return [(event.task_id, event.kind) for event in found]


def test_events_of_a_kind_of_a_type_and_of_a_time_are_shown(viewer: Client) -> None:
    order, again = rows.finished_order(), rows.retrying_task()
    TaskEvent.objects.create(
        task_id=order.pk,
        task_type=order.task_type,
        kind="queued",
        at=clock.now() - timedelta(hours=5),
    )

    assert _shown(viewer, "?kind=completed") == [(order.pk, "completed")]
    assert _shown(viewer, "?kind=retrying") == [(again.pk, "retrying")]
    of_type = _shown(viewer, f"?type={order.task_type}")
    assert {task_id for task_id, _ in of_type} == {order.pk}
    queued = f"?type={order.task_type}&kind=queued"
    assert len(_shown(viewer, queued)) == 2
    assert len(_shown(viewer, f"{queued}&when=hour")) == 1
    assert len(_shown(viewer, f"{queued}&when=day")) == 2


def test_nobody_is_offered_to_count_what_each_filter_would_show(viewer: Client) -> None:
    rows.order()
    for query in ("", "?_facets=True"):
        answer = viewer.get(URL + query)
        assert "Show counts" not in rows.text(answer)
        assert not answer.context["cl"].add_facets


def test_nonsense_in_the_address_is_no_filter(viewer: Client) -> None:
    rows.order()
    assert _shown(viewer, "?kind=exploded") == []
    assert len(_shown(viewer, "?when=never")) == 1


def test_an_event_tells_its_type_and_how_long_it_took(viewer: Client) -> None:
    task = rows.finished_order()
    started = TaskEvent.objects.get(task_id=task.pk, kind="started")
    TaskEvent.objects.filter(pk=started.pk).update(duration=7.25)

    page = rows.text(viewer.get(f"{URL}{started.pk}/change/"))

    assert task.task_type in page
    assert "Waited for" in page
    assert "7.2 s" in page
    assert task.task_type in rows.text(viewer.get(URL))
