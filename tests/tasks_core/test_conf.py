"""Settings are read once, and again when they have changed."""

from django.conf import settings as django_settings
from pytest_django import Settings

from tasks_core import conf
from tasks_core.conf import read_once


def test_they_are_read_again_after_a_change_of_ours_and_of_no_other(settings: Settings) -> None:
    reads: list[object] = []

    @read_once
    def given() -> object:
        reads.append(django_settings.BELLRINGER.get("LEASE_SECONDS"))
        return reads[-1]

    first = given()
    settings.LANGUAGE_CODE = "de"
    assert (given(), len(reads)) == (first, 1)
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": 77.0}
    assert (given(), given(), len(reads)) == (77.0, 77.0, 2)
    assert conf.current().lease_seconds == 77.0
