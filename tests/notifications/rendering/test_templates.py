"""Templates: what they give, what they refuse, and how their errors speak."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.rendering.compiled import CompiledMail, CompiledPayload
from notifications.rendering.filters import FILTERS

pytestmark = pytest.mark.guarantee(n=13)

VARIABLES: dict[str, Any] = {
    "name": "<Ada & Co>",
    "amount": "1234.5",
    "items": [{"label": "a", "keys": "own"}, {"label": "b"}],
    "nothing": None,
    "when": "2026-11-21T09:00:00+00:00",
    "many": list(range(30)),
}


def text_of(source: str, variables: dict[str, Any] | None = None) -> str:
    return CompiledMail("Subject", source).render(variables or VARIABLES).text


def test_a_mail_has_a_subject_a_text_and_an_escaped_html_part() -> None:
    mail = CompiledMail("For {{ name }}", "Dear {{ name }}", "<p>{{ name }}</p>").render(VARIABLES)
    assert mail.subject == "For <Ada & Co>"
    assert mail.text == "Dear <Ada & Co>"
    assert mail.html == "<p>&lt;Ada &amp; Co&gt;</p>"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ amount|decimals }} EUR", "1,234.50 EUR"),
        ("{{ amount|decimals(0) }}", "1,234"),
        ("{{ when|date('j M Y H:i', 'Europe/Berlin') }}", "21 Nov 2026 10:00"),
        ("{% for i in items %}{{ loop.index }}{{ i.label }} {% endfor %}", "1a 2b "),
        ("{{ items[0].keys }}", "own"),
        ("{{ missing|default('none') }}", "none"),
        ("{{ nothing|default('none', true) }}", "none"),
        ("{% if missing is defined %}yes{% else %}no{% endif %}", "no"),
        ("{{ name|length + 1 }}", "11"),
        ("{{ many|join(', ')|truncate(10, true) }}", "0, 1, 2..."),
    ],
)
def test_the_language_does_what_messages_need(source: str, text: str) -> None:
    assert text_of(source) == text


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("a\n{{ name", 2, "unexpected end of template"),
        ("a\n\n{% if name %}", 3, "Unexpected end of template|endif"),
        ("{{ name() }}", 1, "calls are not available"),
        ("{{ name.upper() }}", 1, "calls are not available"),
        ("{{ name|safe }}", 1, "no filter named 'safe'; there are: abs, "),
        ("{% if 0 %}{{ name|shout }}{% endif %}", 1, "no filter named 'shout'"),
        ("{{ name is shouted }}", 1, "no test named 'shouted'"),
        ("{{ name ~ name }}", 1, "'~' is not available"),
        ("{{ 9 * 9 }}", 1, "Mul is not available"),
        ("{% set x = 1 %}", 1, "{% set %} is not available"),
        ("{% include 'x' %}", 1, "{% include %} is not available"),
        ("{% extends 'x' %}", 1, "{% extends %} is not available"),
        ("{% macro m() %}{% endmacro %}", 1, "Macro is not available"),
        ("{% autoescape false %}{% endautoescape %}", None, "not available"),
        ("{% load i18n %}", 1, "unknown tag 'load'"),
        ("{{ [name, name] }}", 1, "only constants"),
        ("{{ _loop_budget }}", 1, "underscore"),
        ("{{ items|_metered }}", 1, "no filter named '_metered'"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", None, "nested too deep"),
        ("x" * 200_001, None, "has 200001 characters; the limit is 200000"),
    ],
)
def test_a_template_outside_the_language_is_refused_with_part_and_line(
    source: str, line: int | None, problem: str
) -> None:
    with pytest.raises(InvalidTemplate, match=problem) as refused:
        CompiledMail("Subject", source)
    assert refused.value.part == "text"
    if line is not None:
        assert refused.value.line == line


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        ("\n{{ missing }}", "missing"),
        ("\n{{ items[0].colour }}", "colour"),
        ("\n{{ items[7].label }}", "7"),
        ("\n{{ missing.deeper }}", "missing"),
        ("\n{% for x in missing %}{% endfor %}", "missing"),
        ("\n{{ missing|upper }}", "missing"),
        ("\n{{ missing|join }}", "missing"),
        ("\n{% if missing %}{% endif %}", "missing"),
        ("\n{{ missing + 1 }}", "missing"),
        ("\n{{ name.__class__ }}", "__class__"),
        ("\n{{ items.append }}", "append"),
    ],
)
def test_an_undefined_variable_is_an_error_with_its_name_and_line(
    source: str, variable: str
) -> None:
    with pytest.raises(RenderingFailed) as failed:
        text_of(source)
    assert failed.value.line == 2
    assert failed.value.variable == variable


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ nothing }}", "a variable is null"),
        ("{{ items }}", "a list or an object cannot be written"),
        ("{{ name|decimals }}", "'decimals' needs a number"),
        ("{{ name|date }}", "'date' needs an instant such as"),
        ("{{ when|date('Y', 'Mars/Base') }}", "does not know the time zone"),
        ("{{ when|date('Y', '../../etc/passwd') }}", "does not know the time zone"),
        ("{{ when|date('Y', 'America') }}", "does not know the time zone"),
        ("{{ when|date('Y', '') }}", "does not know the time zone"),
        ("{{ name|truncate(1) }}", "'truncate' needs a length of at least 3"),
        ("{{ name|truncate(5, true, '...', -9) }}", "needs a leeway of at least 0"),
        ("{{ name + 1 }}", "needs two numbers"),
        ("{% for x in name %}{% endfor %}", "a loop needs a list"),
        ("{{ name|truncate('x') }}", "needs a length"),
        (
            "{% for a in many %}{% for b in many %}{% for c in many %}" + 3 * "{% endfor %}",
            "loops take more than 10000 turns",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_with_its_line(source: str, problem: str) -> None:
    with pytest.raises(RenderingFailed, match=problem) as failed:
        text_of(source)
    assert failed.value.line == 1


def test_an_error_shows_neither_a_value_nor_the_error_below_it() -> None:
    with pytest.raises(RenderingFailed) as failed:
        text_of("{{ code|decimals }} {{ code|date }}", {"code": "918-273"})
    assert "918" not in str(failed.value)
    assert failed.value.__suppress_context__


@pytest.mark.parametrize("subject", ["a\nb", "a{{ '\r\n' }}Bcc: x@example.com", "a\u2028b"])
def test_a_subject_of_two_lines_is_refused_before_it_is_published(subject: str) -> None:
    with pytest.raises(InvalidTemplate, match=r"^subject: .*one line"):
        CompiledMail(subject, "text")


@pytest.mark.parametrize("subject", [r"a{{ '\r\n' }}Bcc: x@example.com", "{{ e }}"])
def test_a_subject_is_one_printable_line(subject: str) -> None:
    with pytest.raises(RenderingFailed, match=r"^subject: "):
        CompiledMail(subject, "text").render({"e": "  "})


def test_line_breaks_in_a_variable_cannot_add_a_header() -> None:
    with pytest.raises(RenderingFailed, match="one line"):
        CompiledMail("Hi {{ name }}", "text").render({"name": "x\r\nBcc: all@example.com"})


def test_a_mail_needs_subject_and_text() -> None:
    with pytest.raises(InvalidTemplate, match=r"^subject: is empty"):
        CompiledMail(" ", "text")
    with pytest.raises(InvalidTemplate, match=r"^text: is empty"):
        CompiledMail("subject", "", "<p>html</p>")


def test_a_message_that_grows_too_long_is_stopped() -> None:
    with pytest.raises(RenderingFailed, match="gives more than 500000 characters"):
        text_of("{% for i in l %}{{ t }}{% endfor %}", {"l": [0] * 100, "t": "x" * 20_000})


def test_a_filter_cannot_multiply_a_value_without_end() -> None:
    with pytest.raises(RenderingFailed, match="'join' gives more than 500000 characters"):
        text_of("{{ many|join(long) }}", {"many": [0] * 1000, "long": "x" * 60_000})
    with pytest.raises(RenderingFailed, match="a filter gives more than 500000 characters"):
        text_of("{{ many|join }}", {"many": ["x" * 60_000] * 10})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_no_value_can_break_out_of_a_webhook_document(value: Any) -> None:
    payload = CompiledPayload('{"type": "t", "data": {"value": {{ value }}}}')
    document = json.loads(payload.render({"value": value}).text)
    assert document == {"type": "t", "data": {"value": value}}


@pytest.mark.parametrize("source", ['{"name": "{{ name }}"}', "{{ name }} x"])
def test_a_webhook_document_that_is_not_json_is_an_error(source: str) -> None:
    with pytest.raises(RenderingFailed, match=r"does not give JSON; write {{ name }} without"):
        CompiledPayload(source).render({"name": "x"})


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("[" * 101 + "]" * 101, "it is nested deeper than 100 levels"),
        ("[" * 50_000 + "]" * 50_000, "it is nested deeper than 100 levels"),
        ('{"name": NaN}', "NaN is no number of JSON"),
        ('{"name": 1e999}', "a number in it is larger"),
        ('{"name": ' + "1" * 5_000 + "}", "Exceeds the limit"),
        ('"\\ud800"', "a string holds half of a surrogate pair"),
    ],
)
def test_a_webhook_document_that_no_reader_can_take_is_an_error(source: str, problem: str) -> None:
    with pytest.raises(RenderingFailed, match=rf"does not give JSON; {problem}"):
        CompiledPayload(source).render({})


def test_the_parts_stay_out_of_repr() -> None:
    assert "918273" not in repr(CompiledMail("S", "{{ c }}").render({"c": "918273"}))


@given(st.text())
def test_no_source_can_do_anything_but_compile_or_be_refused(source: str) -> None:
    with contextlib.suppress(InvalidTemplate):
        CompiledMail("Subject", source)


ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
)


@given(
    name=st.sampled_from(sorted(name for name in FILTERS if not name.startswith("_"))),
    value=ODD | st.lists(ODD, max_size=3) | st.dictionaries(st.text(max_size=3), ODD, max_size=3),
    arguments=st.lists(ODD, max_size=3),
)
def test_whatever_a_filter_is_given_it_gives_text_or_fails_as_a_rendering(
    name: str, value: Any, arguments: list[Any]
) -> None:
    names = [f"a{position}" for position in range(len(arguments))]
    source = f"{{{{ value|{name}({', '.join(names)}) }}}}"
    given_values = {"value": value, **dict(zip(names, arguments, strict=True))}
    with contextlib.suppress(RenderingFailed):
        text_of(source, given_values)


LOOPS = "{% for a in many %}{% for b in many %}{% for c in many %}"
ENDS = 3 * "{% endfor %}"


@pytest.mark.parametrize(
    "source",
    [
        LOOPS + "{% if long|upper|lower|title == 'x' %}y{% endif %}" + ENDS,
        LOOPS + "{{ long|upper|truncate(9) }}" + ENDS,
        LOOPS + "{% if 'zz' in long %}{% endif %}" * 200 + ENDS,
        "{% if long|urlencode|lower == 'x' %}{% endif %}" * 4_000,
    ],
)
def test_a_rendering_has_a_budget_of_time(source: str, settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "RENDER_SECONDS": 0.05}
    with pytest.raises(RenderingFailed, match="takes too much time"):
        text_of(source, {"many": list(range(20)), "long": "x y" * 20_000})


def test_what_is_constant_in_a_template_has_the_same_budget(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "RENDER_SECONDS": 0.05}
    source = "{% if '" + "x y" * 20_000 + "'" + "|title|upper" * 5_000 + " %}y{% endif %}"
    with pytest.raises((InvalidTemplate, RenderingFailed)):
        text_of(source)


def html_of(source: str, **variables: Any) -> str:
    return CompiledMail("Subject", "text", source).render(variables).html


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " \x01javascript:alert(1)",
        "java\tscript:alert(1)",
        "javascript\n:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "data:,x",
    ],
)
@pytest.mark.parametrize(
    "source",
    [
        '<a href="{{ x }}">Pay</a>',
        "<a href='{{ x }}'>Pay</a>",
        "<a HREF = {{ x }}>Pay</a>",
        '<a href=" {{ x }}">Pay</a>',
        '<a href="{% if x %}{{ x }}{% endif %}">Pay</a>',
        '<a href="{{ x|trim }}">Pay</a>',
        "<a href=\"{{ x|default('y') }}\">Pay</a>",
        '<a href="{% for part in parts %}{{ part }}{% endfor %}">Pay</a>',
        '<a href="{{ nothing }}{{ x }}">Pay</a>',
        '<a class="b" {% if x %}href="{% else %}id="{% endif %}{{ x }}">Pay</a>',
        '<form action="{{ x }}"></form>',
        '<svg><a xlink:href="{{ x }}">Pay</a></svg>',
        '<meta http-equiv="refresh" content="0; url={{ x }}">',
    ],
)
def test_no_variable_makes_a_link_run_code(source: str, link: str) -> None:
    with pytest.raises(RenderingFailed, match="a link may not begin with javascript:"):
        html_of(source, x=link, parts=[link[:4], link[4:]], nothing="")


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_link_that_runs_code_cannot_be_put_together(cut: int) -> None:
    link = "javascript:alert(1)"
    with pytest.raises(RenderingFailed, match="a link may not begin"):
        html_of('<a href="{{ a }}{{ b }}">Pay</a>', a=link[:cut], b=link[cut:])


@pytest.mark.parametrize(
    ("source", "x"),
    [
        ('<a href="{{ x }}">Pay</a>', "https://bank.example/pay?then=javascript:x"),
        ('<a href="{{ x }}">Pay</a>', "mailto:ada@bank.example"),
        ('<a href="{{ x }}">Pay</a>', "bankapp://pay/7"),
        ('<a href="{{ x }}">Pay</a>', "/pay/javascript:x"),
        ('<a href="https://bank.example/{{ x }}">Pay</a>', "javascript:x"),
        ('<a href="#{{ x }}">Pay</a>', "javascript:x"),
        ('<img src="{{ x }}">', "data:image/png;base64,AAAA"),
        ('<img alt="{{ x }}">', "javascript: the good parts"),
        ("<p>{{ x }}</p>", "javascript: the good parts"),
    ],
)
def test_other_links_and_other_places_are_left_alone(source: str, x: str) -> None:
    assert x in html_of(source, x=x)
