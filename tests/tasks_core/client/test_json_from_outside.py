"""What somebody has typed or sent: read as JSON, or refused with one exception."""

import pytest

from tasks_core.engine.json_text import (
    MAX_DEPTH,
    UnreadableJson,
    read_any_json,
    read_json,
    shortest_json,
)

WRONG = {
    "nothing": "",
    "no JSON": "{1",
    "deep": "[" * 100_000,
    "deep and closed": "[" * 50_000 + "]" * 50_000,
    "deep objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "endless number": "1" * 5_000,
    "no text": b"\xff\xfe\xfa",
}
NEVER_KEPT = {
    "one too deep": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
    "infinite": "1e999",
    "NaN": "[NaN]",
    "half": '"\\ud800"',
    "half as bytes": b'"\xed\xa0\x80"',
}


@pytest.mark.parametrize("given", [*WRONG.values(), *NEVER_KEPT.values(), '"\\u0000"'])
def test_what_cannot_be_kept_is_refused_with_one_exception(given: str | bytes) -> None:
    with pytest.raises(UnreadableJson):
        read_json(given)


@pytest.mark.parametrize(
    "given", [text for text in (*WRONG.values(), *NEVER_KEPT.values()) if isinstance(text, str)]
)
def test_what_cannot_be_sent_is_refused_with_the_same(given: str) -> None:
    with pytest.raises(UnreadableJson):
        shortest_json(given)


@pytest.mark.parametrize(
    "given", ['{"to": 1, "to": 2}', '[{"a": {"b": 1, "\\u0062": 1}}]', '{"c": 1, "to": 2, "c": 1}']
)
def test_an_object_that_says_one_thing_twice_is_refused_by_its_name(given: str) -> None:
    with pytest.raises(UnreadableJson, match=r"it has the name '(to|b|c)' twice in one object"):
        read_json(given)
    assert read_any_json(given)  # strangers cannot be told


@pytest.mark.parametrize("given", WRONG.values(), ids=list(WRONG))
def test_whoever_cannot_be_told_is_refused_only_what_is_no_json(given: str | bytes) -> None:
    with pytest.raises(UnreadableJson):
        read_any_json(given)


@pytest.mark.parametrize("given", NEVER_KEPT.values(), ids=list(NEVER_KEPT))
def test_the_rest_is_made_storable(given: str | bytes) -> None:
    assert read_any_json(given) is not None


def test_bytes_are_read_in_the_encodings_of_json() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert read_json('{"a": "é"}'.encode(encoding)) == {"a": "é"}


def test_line_is_told_where_it_is_no_json() -> None:
    for given, line in (("{\n1", 2), ("[NaN]", None)):
        with pytest.raises(UnreadableJson) as refused:
            read_json(given)
        assert refused.value.line == line
