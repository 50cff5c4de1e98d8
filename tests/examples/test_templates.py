"""The templates of the examples can be looked at: each has a sample, and gives a message with it."""

import pytest

from examples.demo.demonstration import TEMPLATES
from examples.payments.templates import FOLDER, publish_templates
from notifications.api import preview
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import TemplateVersion

pytestmark = pytest.mark.django_db


def test_every_template_gives_a_message_with_its_sample() -> None:
    publish_templates()
    publish_builtin_templates(TEMPLATES)
    folders = {path.parent for folder in (FOLDER, TEMPLATES) for path in folder.rglob("text.*")}
    published = TemplateVersion.objects.select_related("template")
    assert len(published) == len(folders)
    for version in published:
        assert version.sample, version.template.name
        assert preview(version, version.template.channel).text


def test_samples_stand_beside_the_texts() -> None:
    for folder in (FOLDER, TEMPLATES):
        texts = list(folder.rglob("text.*"))
        assert texts
        assert all((path.parent / "sample.json").exists() for path in texts)
