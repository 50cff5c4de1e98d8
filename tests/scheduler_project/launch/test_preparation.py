"""The operator can log in, whatever happened to the account before."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from scheduler_project.launch import Login, prepare


def can_log_in(login: Login) -> bool:
    return Client().login(username=login.user, password=login.password)


@pytest.mark.django_db
def test_operator_is_a_superuser_who_can_log_in() -> None:
    login = prepare()
    assert can_log_in(login)
    assert User.objects.get(username=login.user).is_superuser


@pytest.mark.django_db
def test_printed_login_works_again_after_the_password_was_changed() -> None:
    user = User.objects.get(username=prepare().user)
    user.set_password("something else")
    user.save()
    assert can_log_in(prepare())


def test_password_is_not_in_the_text_form() -> None:
    assert "pass1" not in repr(Login("operator", "pass1"))
