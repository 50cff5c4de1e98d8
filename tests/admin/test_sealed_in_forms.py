"""What is sealed stays sealed: forms keep secrets without opening them, and only where they were."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

import tasks_core
from tasks_core import encryption, testing
from tasks_core.models import DeadLetter, Schedule, Task
from tasks_core.payloads import SEALED, secrets_of
from tests.admin import rows

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=21)]

SCHEDULES = "/admin/tasks_core/schedule/"
LETTERS = "/admin/tasks_core/deadletter/"
SECRET = "4111-secret"
MASK = "••••••"


def client_with(*codenames: str) -> Client:
    """Return the client of staff who have these permissions and no others."""
    user = User.objects.create(username="-".join(codenames), password="!", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def scheduler() -> Client:
    """Whoever may see and change schedules, and nothing else."""
    return client_with("view_schedule", "change_schedule")


@pytest.fixture
def replayer() -> Client:
    """Whoever may see and change dead letters, and nothing else."""
    return client_with("view_deadletter", "change_deadletter")


def edited(client: Client, schedule: Schedule, **change: str) -> Any:
    """Send the form of a schedule with a change, as a browser would."""
    url = f"{SCHEDULES}{schedule.pk}/change/"
    return client.post(url, {**rows.form_of(client, url), **change})


def complaints(page: Any) -> str:
    return str(page.context["adminform"].form.errors)


def dead_call(**payload: Any) -> DeadLetter:
    task = tasks_core.enqueue("admin_tests.call", payload)
    testing.run_due()
    return DeadLetter.objects.get(task=task.pk)


def replayed(client: Client, letter: DeadLetter, payload: Any) -> Any:
    url = f"{LETTERS}{letter.pk}/edit-and-replay/"
    return client.post(url, {"payload": json.dumps(payload), "note": ""})


def test_another_type_gets_no_secret_that_was_left_masked(scheduler: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": SECRET})
    page = edited(scheduler, schedule, task_type="admin_tests.again")
    assert "payload.card: is masked" in complaints(page)
    kept = Schedule.objects.get()
    assert (kept.task_type, secrets_of(kept.payload)) == ("admin_tests.order", [SECRET])
    assert SECRET not in json.dumps(kept.payload)
    assert SECRET not in rows.text(page)


def test_another_type_is_chosen_once_the_secret_is_entered_anew(scheduler: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": SECRET})
    done = edited(scheduler, schedule, task_type="admin_tests.again", payload='{"number": 1}')
    assert done.status_code == 302, complaints(done)
    assert Schedule.objects.get().payload == {"number": 1}


def test_a_secret_that_is_kept_is_the_same_token(scheduler: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": SECRET})
    before = schedule.payload["card"]
    done = edited(scheduler, schedule, payload=json.dumps({"number": 2, "card": MASK}))
    assert done.status_code == 302, complaints(done)
    assert Schedule.objects.get().payload == {"number": 2, "card": before, "fails": False}


def test_a_kept_secret_of_a_schedule_is_never_opened(
    scheduler: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": SECRET})
    opened: list[object] = []
    monkeypatch.setattr("tasks_core.payloads.unseal", opened.append)
    edited(scheduler, schedule, payload=json.dumps({"number": 2, "card": MASK}))
    assert Schedule.objects.get().payload["number"] == 2
    assert opened == []


def test_a_mask_in_a_field_that_is_not_secret_is_refused(scheduler: Client) -> None:
    schedule = tasks_core.schedule_recurring("admin_tests.call", {"token": SECRET}, every=60)
    for payload in (
        {"token": MASK, "note": MASK},
        {"token": "new", "note": MASK},
        {"token": MASK, "codes": [MASK]},
    ):
        page = edited(scheduler, schedule, payload=json.dumps(payload))
        assert "is masked, and no secret is stored for it" in complaints(page)
    assert Schedule.objects.get().payload["note"] == ""


def test_a_mask_is_refused_whose_field_has_become_plain(scheduler: Client) -> None:
    schedule = tasks_core.schedule_recurring("admin_tests.call", {"token": SECRET}, every=60)
    for place in ("note", "gone"):  # a text by now, and no field at all
        payload = {"url": "https://shop.example/hook", place: {SEALED: encryption.seal(SECRET)}}
        Schedule.objects.update(payload=payload)
        page = edited(scheduler, schedule, payload=json.dumps({"url": payload["url"], place: MASK}))
        assert "its field holds no secret" in complaints(page)
        assert SECRET not in rows.text(page)
        assert Schedule.objects.get().payload == payload


def test_secrets_of_a_list_that_has_grown_or_shrunk_are_entered_anew(replayer: Client) -> None:
    letter = dead_call(codes=["one", "two"])
    page = replayed(replayer, letter, {"codes": [MASK]})
    assert "payload.codes.0: is masked" in rows.text(page)
    assert replayed(replayer, letter, {"codes": [MASK, MASK]}).status_code == 302
    task = Task.objects.get(replay_of=letter.task_id)
    assert secrets_of(task.payload["codes"]) == ["one", "two"]


@pytest.mark.parametrize(
    "note",
    [
        "https:evil.example/x",
        "https:/evil.example/x",
        "https:\\evil.example/x",
        "https:/\tevil.example/x",
        "ht\ntps:/evil.example",
        "//evil.example/x",
        "/\n/evil.example/x",
        "\u200bhttps:evil.example",
        "o'@evil.example",
        '"x y"@shop.example',
    ],
)
def test_secrets_do_not_follow_an_address_in_any_form_that_clients_read(
    replayer: Client, note: str
) -> None:
    for before in ("https://shop.example/x", "ada@shop.example"):
        letter = dead_call(token=SECRET, note=before)
        page = replayed(replayer, letter, {"token": MASK, "note": note})
        assert "its secrets do not follow" in rows.text(page)
    assert not Task.objects.exclude(replay_of=None).exists()


@pytest.mark.parametrize("url", ["https://evil.example/hook", "http://shop.example/hook", "evil"])
def test_secrets_do_not_follow_an_address_that_was_changed(replayer: Client, url: str) -> None:
    letter = dead_call(token=SECRET)
    page = replayed(replayer, letter, {"url": url, "token": MASK})
    assert "its secrets do not follow" in rows.text(page)
    assert Task.objects.count() == 1
    assert replayed(replayer, letter, {"url": url, "token": "new"}).status_code == 302


def test_secrets_do_not_follow_a_mail_address_that_was_changed(replayer: Client) -> None:
    letter = dead_call(token=SECRET, note="goes to Ada@example.com")
    page = replayed(replayer, letter, {"token": MASK, "note": "goes to eve@evil.example"})
    assert "its secrets do not follow" in rows.text(page)
    same = {"token": MASK, "note": "it goes to ada@example.com, too"}
    assert replayed(replayer, letter, same).status_code == 302


def test_secrets_stay_beside_a_long_text(replayer: Client) -> None:
    """Looking through it takes as long as it is long, not the square of that."""
    note = "0a" * 30_000
    letter = dead_call(token=SECRET, note=note)
    assert replayed(replayer, letter, {"token": MASK, "note": note}).status_code == 302


def test_secrets_stay_beside_the_same_origin(replayer: Client) -> None:
    letter = dead_call(token=SECRET)
    url = "https://shop.example/other?page=2"
    assert replayed(replayer, letter, {"url": url, "token": MASK}).status_code == 302
    task = Task.objects.get(replay_of=letter.task_id)
    assert task.payload["url"] == url
    assert secrets_of(task.payload) == [SECRET]


def test_the_secret_of_one_dead_letter_does_not_get_into_another(replayer: Client) -> None:
    one, other = rows.dead_letter(1, card=SECRET), rows.dead_letter(2, card="own")
    answer = replayer.post(
        f"{LETTERS}edit-and-replay/",
        {
            "ids": f"{one.pk},{other.pk}",
            "payload": json.dumps({"number": 1, "card": MASK}),
            "note": "",
        },
    )
    assert answer.status_code == 404
    assert DeadLetter.objects.unresolved().count() == 2
    assert Task.objects.count() == 2


def test_what_is_typed_as_a_sealed_token_is_refused(replayer: Client) -> None:
    letter = dead_call(token=SECRET)
    token = letter.task.payload["token"]
    page = replayed(replayer, letter, {"token": token})
    assert Task.objects.count() == 1
    assert page.status_code == 200


def test_commands_take_no_mask_for_a_secret() -> None:
    """What ``show_task`` shows is often copied into the next command."""
    payload = json.dumps({"number": 1, "card": MASK})
    for command in (
        ("enqueue_task", "admin_tests.order", "--payload", payload),
        ("create_schedule", "admin_tests.order", "--every", "60", "--payload", payload),
    ):
        with pytest.raises(CommandError, match=r"payload\.card: is masked"):
            call_command(*command)
    assert not Task.objects.exists()
    assert not Schedule.objects.exists()


def test_the_command_that_replays_keeps_what_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    letter = dead_call(token=SECRET)
    moved = json.dumps({"url": "https://evil.example/", "token": MASK})
    with pytest.raises(CommandError):
        call_command("replay_dead_letters", str(letter.pk), "--payload", moved)
    assert "its secrets do not follow" in capsys.readouterr().err
    call_command("replay_dead_letters", str(letter.pk), "--payload", json.dumps({"token": MASK}))
    assert secrets_of(Task.objects.get(replay_of=letter.task_id).payload) == [SECRET]
