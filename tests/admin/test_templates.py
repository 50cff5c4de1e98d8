"""Templates: drafts may be wrong, published versions may not, and never change."""

from typing import Any

import pytest
from django.test import Client

from notifications.api import publish_template
from notifications.models import Template, TemplateDraft, TemplateVersion
from tests.admin import rows

URL = "/admin/notifications/template/"
GOOD: dict[str, str] = {
    "name": "receipt",
    "channel": "email",
    "locale": "",
    "description": "After a payment",
    "subject": "Receipt {{ number }}",
    "text": "Thank you, {{ name }}.\r\nAmount: {{ amount|decimals }}",
    "html": "<p>Thank you, <b>{{ name }}</b>.</p>",
    "schema": "",
    "sample": '{"number": "R-1", "name": "Ada <3", "amount": 12.5}',
}


@pytest.fixture
def published(db: None) -> Template:
    version = publish_template(
        "receipt",
        subject="Receipt",
        text="Thank you, {{ name }}.",
        sample={"name": "Ada"},
        description="old",
    )
    return Template.objects.get(pk=version.template_id)


def post(client: Client, url: str, button: str, **changes: str) -> Any:
    return client.post(url, {**GOOD, **changes, button: "1"})


def test_a_draft_is_kept_and_not_published(operator: Client) -> None:
    post(operator, f"{URL}add/", "_save")
    template = Template.objects.get()
    assert template.current is None
    draft = TemplateDraft.objects.get(template=template)
    assert (draft.edited_by, draft.subject) == ("operator", "Receipt {{ number }}")
    assert rows.messages(operator) == [
        "The draft is saved. Nothing is sent from it until it is published."
    ]
    page = rows.text(operator.get(f"{URL}{template.pk}/change/"))
    assert "Receipt {{ number }}" in page
    assert "Receipt R-1" in page  # the preview


def test_publishing_makes_a_version_and_drops_the_draft(operator: Client) -> None:
    post(operator, f"{URL}add/", "_save")
    template = Template.objects.get()
    post(operator, f"{URL}{template.pk}/change/", "_publish")
    template.refresh_from_db()
    assert template.current is not None
    assert (template.current.number, template.current.text) == (
        1,
        "Thank you, {{ name }}.\nAmount: {{ amount|decimals }}",
    )
    assert template.current.schema["required"] == ["amount", "name", "number"]
    assert not TemplateDraft.objects.exists()
    assert "Version 1 is published; new notifications use it from now on." in rows.messages(
        operator
    )


def test_a_new_version_leaves_the_old_one_as_it_was(operator: Client, published: Template) -> None:
    post(operator, f"{URL}{published.pk}/change/", "_publish")
    first, second = TemplateVersion.objects.order_by("number")
    assert (first.text, second.number) == ("Thank you, {{ name }}.", 2)
    published.refresh_from_db()
    assert published.current_id == second.pk
    assert published.description == "After a payment"


def test_saving_a_draft_does_not_put_back_an_older_version(
    operator: Client, published: Template
) -> None:
    newer = publish_template("receipt", subject="Newer", text="Newer {{ name }}.")
    post(operator, f"{URL}{published.pk}/change/", "_save")
    published.refresh_from_db()
    assert published.current_id == newer.pk


def test_the_name_of_a_template_does_not_change(operator: Client, published: Template) -> None:
    post(operator, f"{URL}{published.pk}/change/", "_save", name="other", channel="webhook")
    published.refresh_from_db()
    assert (published.name, published.channel) == ("receipt", "email")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"text": "one\r\ntwo {{ name"}, "text, line 2: "),
        ({"text": "Hello {{ nobody }}"}, "sample: nobody: is required by the template"),
        (
            {"text": "Hello {{ nobody }}", "schema": '{"type": "object", "properties": {}}'},
            "schema: the template uses",
        ),
        ({"subject": ""}, "subject: is empty; an e-mail needs one"),
        ({"sample": "{"}, "sample, line 1: is not JSON"),
        ({"sample": "[1]"}, "sample: must be a JSON object"),
        ({"schema": '{"type": "text"}'}, "schema: "),
        ({"html": "{% include 'x' %}"}, "html, line 1: "),
    ],
)
def test_what_is_wrong_cannot_be_published_but_kept_as_a_draft(
    operator: Client, changes: dict[str, str], complaint: str
) -> None:
    page = post(operator, f"{URL}add/", "_publish", **changes)
    assert complaint in rows.text(page)
    assert not Template.objects.exists()

    assert post(operator, f"{URL}add/", "_save", **changes).status_code == 302
    assert TemplateDraft.objects.exists()
    assert not TemplateVersion.objects.exists()
    template = Template.objects.get()
    assert complaint in rows.text(operator.get(f"{URL}{template.pk}/change/"))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "Über Uns"}, "use lower-case letters"),
        ({"locale": "German"}, "use a language tag"),
        ({"channel": "pigeon"}, "Select a valid choice"),
    ],
)
def test_a_draft_needs_a_valid_identity(
    operator: Client, changes: dict[str, str], complaint: str
) -> None:
    assert complaint in rows.text(post(operator, f"{URL}add/", "_save", **changes))
    assert not Template.objects.exists()


def test_the_preview_renders_what_is_typed(operator: Client) -> None:
    page = rows.text(operator.post(f"{URL}preview/", GOOD))
    assert "Receipt R-1" in page
    assert "Thank you, Ada &lt;3.\nAmount: 12.50" in page
    assert 'sandbox=""' in page
    assert "Content-Security-Policy" in page
    # Escaped once for the message and once more for the attribute.
    assert "&lt;b&gt;Ada &amp;lt;3&lt;/b&gt;" in page
    assert not Template.objects.exists()


def test_the_preview_names_line_and_variable(operator: Client) -> None:
    sample = '{"number": "R-1", "name": "Ada", "amount": 1}'
    page = operator.post(
        f"{URL}preview/",
        {**GOOD, "text": "Hello\n{{ nobody }}", "sample": sample, "schema": ""},
    )
    assert "nobody" in rows.text(page)
    broken = operator.post(f"{URL}preview/", {**GOOD, "text": "Hello\n{{ name"})
    assert "text, line 2: " in rows.text(broken)


def test_the_preview_of_a_webhook_is_json(operator: Client) -> None:
    form = {"channel": "webhook", "text": '{"amount": {{ amount }}}', "sample": '{"amount": 5}'}
    assert "{&quot;amount&quot;:5}" in rows.text(operator.post(f"{URL}preview/", form))


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "[1e999]", '["\\ud800"]'])
def test_a_document_that_no_reader_can_take_is_a_problem_of_the_preview_and_not_published(
    operator: Client, text: str
) -> None:
    form = {"channel": "webhook", "subject": "", "text": text, "html": "", "sample": "{}"}
    preview = operator.post(f"{URL}preview/", {**GOOD, **form})
    assert preview.status_code == 200
    assert "does not give JSON" in rows.text(preview)
    refused = post(operator, f"{URL}add/", "_publish", **form)
    assert "does not give JSON" in rows.text(refused)
    assert not TemplateVersion.objects.exists()
    post(operator, f"{URL}add/", "_save", **form)
    page = operator.get(f"{URL}{Template.objects.get().pk}/change/")
    assert page.status_code == 200
    assert "does not give JSON" in rows.text(page)


def test_viewers_see_the_versions_and_cannot_edit(viewer: Client, published: Template) -> None:
    page = rows.text(viewer.get(f"{URL}{published.pk}/change/"))
    assert 'name="text"' not in page
    assert 'name="_publish"' not in page
    version = published.current_id
    assert f"/admin/notifications/templateversion/{version}/change/" in page
    shown = rows.text(viewer.get(f"/admin/notifications/templateversion/{version}/change/"))
    assert "Thank you, {{ name }}." in shown
    assert "Thank you, Ada." in shown
    assert viewer.post(f"{URL}preview/", GOOD).status_code == 403
    assert post(viewer, f"{URL}{published.pk}/change/", "_publish").status_code == 403


def test_the_list_shows_versions_and_drafts_in_a_fixed_number_of_queries(
    operator: Client, published: Template, queries: Any
) -> None:
    operator.get(URL)
    with queries() as one:
        operator.get(URL)
    for number in range(5):
        post(operator, f"{URL}add/", "_save", name=f"draft-{number}")
    with queries() as many:
        page = rows.text(operator.get(URL))
    assert "Version 1" in page
    assert "Not published" in page
    assert len(many) <= len(one) + 1  # the messages of the saves are read once


def test_a_refused_publish_speaks_of_what_was_typed(operator: Client, published: Template) -> None:
    url = f"{URL}{published.pk}/change/"
    post(operator, url, "_save", text="{{ of_the_draft }}")
    refused = post(operator, url, "_publish", text="{{ of_the_form }}")
    preview = str(refused.context["preview"])
    assert "of_the_form" in preview
    assert "of_the_draft" not in preview
    new = post(operator, f"{URL}add/", "_publish", name="other", text="{{ of_the_form }}")
    assert "of_the_form" in str(new.context["preview"])
