"""Publishing templates: versions that never change, and errors that name part and line."""

from typing import Any

import pytest

from notifications.api import check_template, notify, preview, publish_template
from notifications.exceptions import InvalidTemplate
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import Template, TemplateVersion

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=13)]


def publish(**parts: Any) -> TemplateVersion:
    return publish_template("welcome", **{"subject": "Welcome", "text": "Hi {{ name }}", **parts})


def test_a_new_version_becomes_the_current_one_and_leaves_the_old_as_it_was() -> None:
    first = publish()
    second = publish(text="Hello {{ name }}")
    template = Template.objects.get()
    assert (first.number, second.number) == (1, 2)
    assert template.current == second
    first.refresh_from_db()
    assert first.text == "Hi {{ name }}"


def test_publishing_what_is_current_makes_no_version() -> None:
    assert publish() == publish()
    assert TemplateVersion.objects.count() == 1


def test_a_published_version_cannot_be_saved_again() -> None:
    version = publish()
    version.text = "other"
    with pytest.raises(InvalidTemplate, match="is published and does not change"):
        version.save()


def test_without_a_schema_every_used_variable_is_required() -> None:
    assert publish(text="{{ a }} {{ b.c }}").schema["required"] == ["a", "b"]


@pytest.mark.parametrize(
    ("parts", "part", "line", "problem"),
    [
        ({"text": "ok\n{{ name"}, "text", 2, "unexpected end of template"),
        ({"subject": "{{ name|shout }}"}, "subject", 1, "no filter named 'shout'"),
        ({"html": "<p>\n\n{% if %}"}, "html", 3, "Expected an expression"),
        ({"text": " "}, "text", None, "is empty"),
        ({"subject": ""}, "subject", None, "is empty"),
        ({"sample": {}}, "sample", None, "name: is required by the template"),
        ({"text": "{{ name }}\n{{ name.x }}", "sample": {"name": {}}}, "text", 1, "cannot be"),
        ({"sample": {"name": object()}}, "sample", None, "name: is a object"),
        ({"schema": {"type": "object"}}, "schema", None, "the template uses name"),
        ({"schema": {"type": "array"}}, "schema", None, 'must have "type": "object"'),
        ({"schema": {"type": "nonsense"}}, "schema", None, "is not valid under any"),
        (
            {"schema": {"type": "object", "properties": {"name": {"$ref": "http://x/y"}}}},
            "schema",
            None,
            "must begin with #",
        ),
        ({"channel": "pigeon"}, "channel", None, "there is none of this name"),
        ({"locale": "Deutsch"}, "locale", None, "language tag such as de"),
        ({"channel": "webhook", "subject": "x"}, "subject", None, "a webhook has only a text"),
        ({"channel": "webhook", "subject": "", "text": ""}, "text", None, "is empty"),
        (
            {
                "channel": "webhook",
                "subject": "",
                "text": '{\n"a": "{{ name }}"}',
                "sample": {"name": "x"},
            },
            "text",
            2,
            "does not give JSON",
        ),
    ],
)
def test_a_wrong_part_is_named_and_leaves_no_row(
    parts: dict[str, Any], part: str, line: int | None, problem: str
) -> None:
    with pytest.raises(InvalidTemplate, match=problem) as refused:
        publish(**parts)
    assert (refused.value.part, refused.value.line) == (part, line)
    assert Template.objects.count() == 0


@pytest.mark.parametrize("name", ["", "Welcome", "a b", "-a", "x" * 101])
def test_a_name_of_the_wrong_form_is_refused(name: str) -> None:
    with pytest.raises(InvalidTemplate, match="name: use lower-case letters"):
        publish_template(name, subject="s", text="t")


def test_an_unsaved_version_can_be_previewed() -> None:
    version = check_template(
        "welcome", channel="email", subject="S", text="Hi {{ n }}", sample={"n": "Ada"}
    )
    assert preview(version, "email").text == "Hi Ada"
    assert Template.objects.count() == 0


def test_the_builtin_templates_are_published_once() -> None:
    versions = publish_builtin_templates()
    assert {str(version.template) for version in versions} == {
        "endpoint-disabled email",
        "notice email",
        "notice webhook",
        "one-time-code email",
        "subscriber-parked email",
        "subscriber-parked webhook",
        "task-alert email",
        "task-alert webhook",
    }
    assert publish_builtin_templates() == versions


def test_the_builtin_notice_may_have_a_link_or_none() -> None:
    publish_builtin_templates()
    context = {"title": "T", "body": "B"}
    assert notify("notice", to="ada@example.com", context=context).pk
    with_link = {**context, "link": "https://example.com"}
    assert notify("notice", to="ada@example.com", context=with_link).pk
