"""Every page asks who is there."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tasks_core.admin.toolkit.actions.actions_admin import ActionsAdmin
from tasks_core.models import DeadLetter, Task
from tests.admin import rows

APPS = ("tasks_core", "notifications")
REGISTERED = [
    (model, site_admin)
    for model, site_admin in admin.site._registry.items()
    if model._meta.app_label in APPS
]
NAMES = [f"{model._meta.app_label}_{model._meta.model_name}" for model, _ in REGISTERED]
PREVIEWS = [
    "tasks_core_retrypolicy_preview",
    "tasks_core_schedule_preview",
    "notifications_template_preview",
]
BULK_STEPS = [
    f"{model._meta.app_label}_{model._meta.model_name}_{action.name}_many"
    for model, site_admin in REGISTERED
    if isinstance(site_admin, ActionsAdmin)
    for action in site_admin.row_actions
]
FOR_ONE = [
    f"{model._meta.app_label}_{model._meta.model_name}_{action.name}_many"
    for model, site_admin in REGISTERED
    if isinstance(site_admin, ActionsAdmin)
    for action in site_admin.row_actions
    if not action.in_bulk
]
STEPS = [name.removesuffix("_many") for name in BULK_STEPS]


def test_there_are_pages_for_all_models() -> None:
    assert {
        "tasks_core_task",
        "tasks_core_taskevent",
        "tasks_core_eventsubscription",
        "tasks_core_deadletter",
        "tasks_core_retrypolicy",
        "tasks_core_lane",
        "tasks_core_tasktypestatistics",
        "tasks_core_worker",
        "tasks_core_schedule",
        "tasks_core_occurrence",
        "tasks_core_backfill",
        "notifications_template",
        "notifications_templateversion",
        "notifications_notification",
        "notifications_delivery",
        "notifications_endpoint",
        "notifications_broadcast",
        "notifications_digest",
        "notifications_provider",
        "notifications_destination",
        "notifications_limitcounter",
        "notifications_crontrigger",
        "notifications_triggerevent",
        "notifications_recipient",
        "notifications_category",
        "notifications_suppression",
        "notifications_providerevent",
        "notifications_eventsource",
    } <= set(NAMES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [f"{name}_changelist" for name in NAMES] + PREVIEWS + BULK_STEPS)
def test_a_stranger_is_sent_to_the_login(name: str, client: Client) -> None:
    for answer in (client.get(reverse(f"admin:{name}")), client.post(reverse(f"admin:{name}"))):
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("name", [f"{name}_changelist" for name in NAMES] + PREVIEWS + BULK_STEPS)
def test_staff_without_permission_are_refused(name: str, newcomer: Client) -> None:
    assert newcomer.get(reverse(f"admin:{name}")).status_code == 403
    assert newcomer.post(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_viewers_see_the_lists_but_cannot_add(name: str, viewer: Client) -> None:
    assert viewer.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert viewer.get(reverse(f"admin:{name}_add")).status_code == 403


@pytest.mark.parametrize("name", BULK_STEPS)
def test_viewers_cannot_take_a_step(name: str, viewer: Client) -> None:
    assert viewer.post(reverse(f"admin:{name}"), {"ids": "1"}).status_code == 403


@pytest.mark.parametrize("name", FOR_ONE)
def test_a_step_for_one_is_not_found_for_several(name: str, admin_client: Client) -> None:
    for ids in ("", "1", "1,2"):
        assert admin_client.post(reverse(f"admin:{name}"), {"ids": ids}).status_code == 404
    assert admin_client.get(reverse(f"admin:{name}")).status_code == 404


@pytest.mark.parametrize("name", STEPS)
def test_the_page_of_a_step_asks_who_is_there(
    name: str, client: Client, newcomer: Client, viewer: Client
) -> None:
    url = reverse(f"admin:{name}", args=[1])
    assert client.get(url)["Location"].startswith(reverse("admin:login"))
    for refused in (newcomer, viewer):
        assert refused.get(url).status_code == 403
        assert refused.post(url, {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_newcomers_cannot_add(name: str, newcomer: Client) -> None:
    assert newcomer.get(reverse(f"admin:{name}_add")).status_code == 403
    assert newcomer.post(reverse(f"admin:{name}_add")).status_code == 403


def test_staff_without_permission_cannot_open_a_task(newcomer: Client) -> None:
    task = rows.order()
    assert newcomer.get(f"/admin/tasks_core/task/{task.pk}/change/").status_code == 403


def test_viewers_see_no_buttons_and_their_posts_change_nothing(viewer: Client) -> None:
    task, letter = rows.order(), rows.dead_letter()
    page = rows.text(viewer.get(f"/admin/tasks_core/task/{task.pk}/change/"))
    assert f"/admin/tasks_core/task/{task.pk}/cancel/" not in page

    for url in (
        f"/admin/tasks_core/task/{task.pk}/cancel/",
        f"/admin/tasks_core/task/{task.pk}/retry/",
        f"/admin/tasks_core/deadletter/{letter.pk}/replay/",
        f"/admin/tasks_core/deadletter/{letter.pk}/edit-and-replay/",
        f"/admin/tasks_core/deadletter/{letter.pk}/discard/",
    ):
        assert viewer.get(url).status_code == 403
        assert viewer.post(url, {"reason": "x", "note": "x"}).status_code == 403

    viewer.post(
        "/admin/tasks_core/deadletter/",
        {"action": "discard", "_selected_action": [letter.pk], "index": "0"},
    )
    assert DeadLetter.objects.unresolved().filter(pk=letter.pk).exists()


def test_operators_cannot_edit_or_delete_tasks(operator: Client) -> None:
    task = rows.order()
    operator.post(f"/admin/tasks_core/task/{task.pk}/change/", {"state": "SUCCEEDED"})
    operator.post(f"/admin/tasks_core/task/{task.pk}/delete/", {"post": "yes"})
    assert Task.objects.get(pk=task.pk).state == task.state


def test_the_first_page_shows_figures_only_to_those_who_may_see_them(
    newcomer: Client, viewer: Client
) -> None:
    assert "Open dead letters" not in rows.text(newcomer.get("/admin/"))
    assert "Oldest due task" not in rows.text(newcomer.get("/admin/"))
    assert "Open dead letters" in rows.text(viewer.get("/admin/"))
    assert "Oldest due task" in rows.text(viewer.get("/admin/"))


def test_a_refusal_says_who_one_is_what_is_needed_and_where_to_go(viewer: Client) -> None:
    task = rows.order()
    refused = viewer.get(f"/admin/tasks_core/task/{task.pk}/cancel/")
    assert refused.status_code == 403
    page = rows.text(refused)
    assert "You are logged in as <strong>viewer</strong>" in page
    assert "needs the permission tasks_core.change_task" in page
    assert 'href="/admin/"' in page
    assert 'action="/admin/logout/"' in page


def test_a_page_for_nobody_does_not_send_a_superuser_to_ask_for_a_permission(
    admin_client: Client,
) -> None:
    page = rows.text(admin_client.get("/admin/tasks_core/backfill/add/"))
    assert "this page is for nobody" in page
    assert "can give you the permission" not in page


def test_a_list_that_one_may_not_see_is_refused_in_the_same_words(newcomer: Client) -> None:
    refused = newcomer.get("/admin/tasks_core/task/")
    assert refused.status_code == 403
    assert "You may not do this here" in rows.text(refused)


def test_a_form_that_is_too_old_says_what_to_do(db: None) -> None:
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert refused.status_code == 403
    page = rows.text(refused)
    assert "load the page anew" in page
    assert "next=/admin/login/" in page
