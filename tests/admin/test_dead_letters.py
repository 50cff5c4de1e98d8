"""Dead letters: evidence, replay, edit and replay, discard."""

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_core import testing
from tasks_core.client.replay import discard, replay
from tasks_core.models import DeadLetter, Task
from tasks_core.payloads import secrets_of
from tests.admin import rows

pytestmark = pytest.mark.guarantee(n=7)

URL = "/admin/tasks_core/deadletter/"
MASK = "••••••"


def listed(client: Client, query: str = "") -> list[int]:
    return [letter.pk for letter in client.get(URL + query).context["cl"].result_list]


def test_the_list_shows_open_ones_unless_asked_for_others(operator: Client) -> None:
    first, second, third = (rows.dead_letter(n) for n in range(3))
    replay(first.pk)
    discard(second.pk, note="old")
    assert listed(operator) == [third.pk]
    assert listed(operator, "?resolution=replayed") == [first.pk]
    assert listed(operator, "?resolution=discarded") == [second.pk]
    assert listed(operator, "?resolution=all") == [third.pk, second.pk, first.pk]


def test_the_list_finds_by_fingerprint_type_and_ids(operator: Client) -> None:
    one, other = rows.dead_letter(1), rows.dead_letter(2)
    DeadLetter.objects.filter(pk=other.pk).update(fingerprint="f" * 40)
    assert listed(operator, f"?fingerprint={one.fingerprint}") == [one.pk]
    assert listed(operator, f"?q={'f' * 40}") == [other.pk]
    # A number may be that of a letter and that of another one's task.
    known = [letter for letter in (other, one) if one.task_id in (letter.pk, letter.task_id)]
    assert listed(operator, f"?q={one.task_id}") == [letter.pk for letter in known]
    assert listed(operator, "?q=ValueError") == [other.pk, one.pk]
    assert listed(operator, "?type=admin_tests.order") == [other.pk, one.pk]
    assert listed(operator, "?type=admin_tests.again") == []


def test_the_number_of_queries_does_not_grow_with_the_list(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows.dead_letter(0)
    operator.get(URL)
    with django_assert_num_queries(10):
        operator.get(URL)
    for number in range(1, 8):
        rows.dead_letter(number)
    with django_assert_num_queries(10):
        operator.get(URL)


def test_the_page_shows_the_evidence_and_no_secret(viewer: Client) -> None:
    letter = rows.dead_letter(4, card="4111-secret")
    page = rows.text(viewer.get(f"{URL}{letter.pk}/change/"))
    assert "order 4 has no customer" in page
    assert "Traceback (most recent call last)" in page
    assert letter.fingerprint[:12] in page
    assert "python 3." in page
    assert "its only attempt is used up" in page
    assert MASK in page
    assert "4111-secret" not in page


def test_replay_makes_a_linked_task(operator: Client) -> None:
    letter = rows.dead_letter()
    operator.post(f"{URL}{letter.pk}/replay/", {"note": "fixed"})
    letter = DeadLetter.objects.get(pk=letter.pk)
    assert (letter.resolution, letter.note) == ("replayed", "fixed (operator)")
    (said,) = rows.messages(operator)
    assert said.startswith("1 replayed.")
    assert f"task #{letter.replayed_as_id}" in said


def test_edit_and_replay_keeps_the_secret_that_was_not_touched(operator: Client) -> None:
    letter = rows.dead_letter(4, card="4111-secret")
    url = f"{URL}{letter.pk}/edit-and-replay/"
    page = rows.text(operator.get(url))
    assert MASK in page
    assert "4111-secret" not in page
    assert "&quot;properties&quot;" in page  # the schema

    payload = {"number": 5, "card": MASK, "fails": False}
    assert operator.post(url, {"payload": json.dumps(payload)}).status_code == 302
    task = Task.objects.get(replay_of=letter.task_id)
    assert task.payload["number"] == 5
    assert secrets_of(task.payload) == ["4111-secret"]
    testing.run_due()
    assert Task.objects.get(pk=task.pk).state == "SUCCEEDED"
    assert Task.objects.get(pk=letter.task_id).payload["number"] == 4


def test_edit_and_replay_takes_a_new_secret_and_seals_it(operator: Client) -> None:
    letter = rows.dead_letter(4, card="old-secret")
    payload = {"number": 5, "card": "new-secret"}
    operator.post(f"{URL}{letter.pk}/edit-and-replay/", {"payload": json.dumps(payload)})
    task = Task.objects.get(replay_of=letter.task_id)
    assert secrets_of(task.payload) == ["new-secret"]
    assert "new-secret" not in json.dumps(task.payload)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        ("{", "payload is not JSON"),
        ('{"card": "x"}', "payload.number: Field required"),
        ('{"number": "seven"}', "payload.number: Input should be a valid integer"),
        ('{"number": 1, "card": 7}', "payload.card"),
        ("", "This field is required"),
    ],
)
def test_a_wrong_payload_is_explained_and_nothing_is_replayed(
    operator: Client, payload: str, complaint: str
) -> None:
    letter = rows.dead_letter()
    page = operator.post(f"{URL}{letter.pk}/edit-and-replay/", {"payload": payload})
    assert complaint in rows.text(page)
    assert Task.objects.count() == 1
    assert DeadLetter.objects.unresolved().count() == 1


def test_discard_needs_a_note(operator: Client) -> None:
    letter = rows.dead_letter()
    page = operator.post(f"{URL}{letter.pk}/discard/", {"note": ""})
    assert "This field is required" in rows.text(page)
    assert DeadLetter.objects.unresolved().exists()
    operator.post(f"{URL}{letter.pk}/discard/", {"note": "duplicate"})
    letter = DeadLetter.objects.get(pk=letter.pk)
    assert (letter.resolution, letter.note) == ("discarded", "duplicate (operator)")
    assert rows.messages(operator) == ["1 discarded."]


def test_a_second_replay_is_refused_with_the_reason(operator: Client) -> None:
    letter = rows.dead_letter()
    discard(letter.pk, note="")
    operator.post(f"{URL}{letter.pk}/replay/", {"note": ""})
    (said,) = rows.messages(operator)
    assert said.startswith(
        f"1 had been resolved already. dead letter {letter.pk} has been discarded already"
    )
    assert Task.objects.count() == 1


def test_replaying_many_goes_on_past_those_that_refuse(operator: Client) -> None:
    letters = [rows.dead_letter(n) for n in range(4)]
    discard(letters[0].pk, note="")
    Task.objects.filter(pk=letters[1].task_id).update(task_type="gone.type")
    keys = [letter.pk for letter in letters]
    page = operator.post(
        URL + "?resolution=all", {"action": "replay", "_selected_action": keys, "index": "0"}
    )
    operator.post(page.context["url"], {"ids": page.context["ids"], "note": ""})
    (said,) = rows.messages(operator)
    assert "2 replayed" in said
    assert "1 had been resolved already" in said
    assert "1 could not be replayed" in said
    assert "no task type 'gone.type' is registered" in said
    assert DeadLetter.objects.unresolved().count() == 1


def test_all_that_match_a_filter_can_be_discarded_at_once(operator: Client) -> None:
    for number in range(55):  # more than a page
        rows.dead_letter(number)
    listing = operator.get(URL).context["cl"]
    assert (len(listing.result_list), listing.result_count) == (50, 55)
    page = operator.post(
        URL,
        {
            "action": "discard",
            "_selected_action": [listing.result_list[0].pk],
            "select_across": "1",
            "index": "0",
        },
    )
    assert "and 45 more" in rows.text(page)
    operator.post(page.context["url"], {"ids": page.context["ids"], "note": "storm"})
    assert rows.messages(operator) == ["55 discarded."]
    assert not DeadLetter.objects.unresolved().exists()
