"""The pages of the project itself."""

import pytest
from django.conf import settings
from django.test import Client


def test_start_page_leads_to_the_admin(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/admin/"


@pytest.mark.django_db
def test_login_page_is_shown(client: Client) -> None:
    assert b"password" in client.get("/admin/login/").content


@pytest.mark.django_db
def test_static_files_are_served_without_collecting_them(client: Client) -> None:
    answer = client.get(f"{settings.STATIC_URL}unfold/css/styles.css")
    answer.close()
    assert answer.status_code == 200
