"""Each setting of an application has its own variable, of its own type."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.core.exceptions import ImproperlyConfigured

from scheduler_project.configuration.application_settings import (
    application_settings,
    types_of_fields,
    unknown_variables,
)


@dataclass
class Declared:
    strict: bool = True
    ports: Sequence[int] = ()
    networks: Sequence[str] = ()
    wait: float = 1.0
    limit: int = 3
    queue: str = "dlq"


TYPES = types_of_fields(Declared)


def test_values_take_the_types_of_their_declaration() -> None:
    assert application_settings(
        TYPES,
        {
            "BELLRINGER_STRICT": "false",
            "BELLRINGER_PORTS": "443, 8443",
            "BELLRINGER_NETWORKS": "10.0.0.0/8",
            "BELLRINGER_WAIT": "2.5",
            "BELLRINGER_LIMIT": "7",
        },
    ) == {
        "STRICT": False,
        "PORTS": [443, 8443],
        "NETWORKS": ["10.0.0.0/8"],
        "WAIT": 2.5,
        "LIMIT": 7,
    }


def test_nothing_set_leaves_the_defaults_to_the_application() -> None:
    assert application_settings(TYPES, {"BELLRINGER_WAIT": " "}) == {}


def test_wrong_types_are_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        application_settings(TYPES, {"BELLRINGER_PORTS": "http", "BELLRINGER_STRICT": "hm"})
    assert str(caught.value).splitlines()[1:] == [
        "BELLRINGER_STRICT must be true or false.",
        "BELLRINGER_PORTS must be a whole number.",
    ]


def test_misspelt_variable_is_found_with_the_name_that_was_meant() -> None:
    environment = ["BELLRINGER_LIMITS", "BELLRINGER_STRICT", "BELLRINGER_XYZZY", "OTHER"]
    assert unknown_variables(["BELLRINGER_KEY_PREFIX"], TYPES, environment) == {
        "BELLRINGER_LIMITS": "BELLRINGER_LIMIT",
        "BELLRINGER_XYZZY": None,
    }
