"""Whatever is put under the name of a secret, and wherever, does not come out."""

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasks_core.engine.redaction import KnownSecrets, Redactor

BASES = ("password", "token", "secret", "authorization", "api_key", "otp", "dsn", "code", "cookie")
MARK = "Zq7#"
"""In every secret, and in nothing else."""

secrets = st.text(min_size=0, max_size=30).map(lambda text: f"{MARK}{text}")
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@st.composite
def secret_names(draw: st.DrawFn) -> str:
    words = draw(st.sampled_from(BASES)).split("_")
    prefix = draw(st.sampled_from([[], ["user"], ["x"], ["my", "old"]]))
    style = draw(st.sampled_from(["-", "_", " ", ".", "camel", "UP"]))
    parts = [*prefix, *words]
    if style == "camel":
        return parts[0] + "".join(part.title() for part in parts[1:])
    if style == "UP":
        return "_".join(parts).upper()
    return style.join(parts)


def around(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.text("abcdef ", min_size=1, max_size=8)
    return (
        st.lists(children, max_size=4)
        | st.lists(children, max_size=4).map(tuple)
        | st.dictionaries(names, children, max_size=4)
    )


hidden = st.dictionaries(secret_names(), secrets | st.lists(secrets), min_size=1, max_size=3)
structures = st.recursive(hidden | leaves, around, max_leaves=12)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structures)
def test_secret_under_its_name_never_appears(value: Any) -> None:
    assert MARK not in json.dumps(Redactor().value(value), ensure_ascii=False)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structures)
def test_nor_does_it_where_the_value_was_turned_into_text_before(value: Any) -> None:
    redactor = Redactor()

    assert MARK not in redactor.text(repr(value))
    assert MARK not in redactor.text(f"order {value} failed")
    for_json = json.dumps(value, default=str)
    assert MARK not in redactor.text(for_json)
    assert MARK not in redactor.text(json.dumps({"body": for_json}))
    assert MARK not in str(redactor.value({"body": for_json, "raw": for_json.encode()}))


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=40).map(lambda t: f"{MARK}{t}"), st.text(), st.text())
@example('Zq7#"%00', "", "")
@example("Zq7#\ud7fc\U00014647", "", "")
@example('Zq7#"&lt;\\u0041', "", "")
@example('Zq7#\\n%00"', "", "")
def test_known_secret_never_appears(secret: str, before: str, after: str) -> None:
    known = [KnownSecrets([secret])]
    redactor = Redactor()

    for text in (f"{before}{secret}{after}", repr([before, secret]), json.dumps([secret, after])):
        assert MARK not in redactor.text(text, known)
    assert MARK not in json.dumps(redactor.value({before: [secret, {after: secret}]}, known))


@settings(max_examples=300, deadline=None)
@given(st.recursive(leaves | st.binary(max_size=20), around, max_leaves=20))
def test_what_comes_out_is_always_plain_json(value: Any) -> None:
    shown = Redactor().value(value)

    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
