"""`/health` says that the process answers, and asks nothing else."""

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.parametrize("host", ["localhost", "10.1.2.3:8000", "[fd00::1]:8000", "not a host"])
def test_it_answers_under_every_name_without_tls_and_without_database(
    client: Client, host: str, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/health", headers={"Host": host})  # without the mark django_db
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_other_pages_still_refuse_names_that_are_not_allowed(client: Client) -> None:
    assert client.get("/", headers={"Host": "10.1.2.3"}).status_code == 400


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_get_and_head_are_allowed(client: Client, path: str, method: str) -> None:
    answer = client.generic(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.headers["Cache-Control"] == "no-store"


def test_head_has_no_body(client: Client) -> None:
    answer = client.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_paths_below_are_no_probes(client: Client) -> None:
    assert client.get("/health/x").status_code == 404
