"""What somebody else sent, as JSON that PostgreSQL stores and every reader reads again."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks_core.engine.json_text import MAX_DEPTH, check_depth, json_text, storable_json

NO_TEXT = "\ud800"


class Odd:
    """An object that does not even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Huge(int):
    """A number with more digits than Python writes, which can be shown if a test fails."""

    def __repr__(self) -> str:
        return "Huge(10**5_000)"


TEXTS = st.text(st.characters() | st.sampled_from('\x00\ud800\udfff\\"'), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.binary(max_size=20)
    | st.sampled_from([10**400, Huge(10**5_000), Odd(), {1, 2}, datetime(2026, 1, 1, tzinfo=UTC)])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(TEXTS | st.integers() | st.none() | st.tuples(TEXTS), inner, max_size=5)
        | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


def nested(depth: int, inner: Any = 1) -> Any:
    for _ in range(depth):
        inner = [inner]
    return inner


def is_kept(value: Any) -> bool:
    return storable_json(value) is value


@given(VALUES)
def test_anything_becomes_json_that_can_be_written(value: Any) -> None:
    found = storable_json(value)
    text = json_text(found)
    check_depth(text)
    assert json.loads(text) == json.loads(json.dumps(found))
    assert is_kept(found)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(VALUES)
def test_anything_can_be_stored_and_read_again(db: None, value: Any) -> None:
    text = json_text(storable_json(value))
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [text])
        [[read]] = cursor.fetchall()
    json.loads(read)


@pytest.mark.parametrize("value", [{"a": [1, "ß", None, 1.5]}, "x", 10**18, nested(MAX_DEPTH), {}])
def test_what_is_right_comes_back_as_it_is(value: Any) -> None:
    assert is_kept(value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": NO_TEXT, "\x00": 1}, {"a": "?", "�": 1}),
        ([float("inf"), float("nan"), -1e308], ["inf", "nan", -1e308]),
        ([10**5_000, 1], ["(int)", 1]),
        ({1: (2, 3), None: b"\xff"}, {"1": [2, 3], "None": "�"}),
        ([Odd(), {7}], ["(Odd)", "{7}"]),
    ],
)
def test_what_is_wrong_is_changed_and_the_rest_kept(value: Any, kept: Any) -> None:
    assert storable_json(value) == kept


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_what_is_nested_too_deep_is_cut_there(depth: int) -> None:
    assert storable_json(nested(depth)) == nested(MAX_DEPTH, "…")


@pytest.mark.parametrize(
    "value", ["x" * 10**6, ["y" * 10] * 10**5, {str(n): n for n in range(10**5)}, [[]] * 10**5]
)
def test_what_is_too_much_is_cut(value: Any) -> None:
    assert len(json_text(storable_json(value, limit=1_000))) < 150_000


@given(st.dictionaries(TEXTS, TEXTS, max_size=5), st.integers(0, 500))
def test_what_is_kept_as_it_is_is_within_the_limit(value: dict[str, str], limit: int) -> None:
    if storable_json(value, limit=limit) is value:
        assert len(json_text(value)) <= limit
