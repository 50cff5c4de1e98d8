"""The published templates: publishing a version, and finding the one to use."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from notifications import conf
from notifications.channel_api.channel import CompiledTemplate
from notifications.channel_api.registry import channel_named
from notifications.exceptions import (
    InvalidNotification,
    InvalidTemplate,
    RenderingFailed,
    UnknownTemplate,
)
from notifications.locales import checked_locale
from notifications.models import Template, TemplateVersion
from notifications.models.template import NAME_PATTERN
from notifications.rendering.compiled import Rendered
from notifications.rendering.variables import (
    check_schema,
    check_variables,
    plain_json,
    schema_for,
)
from notifications.rules.language_tags import fallbacks
from tasks_core import clock, database
from tasks_core.arguments import check_storable, storable_arguments
from tasks_core.engine.json_text import is_storable

_LONGEST_DESCRIPTION = 200


def publish_template(
    name: str,
    *,
    channel: str = "email",
    locale: str = "",
    subject: str = "",
    text: str,
    html: str = "",
    schema: Mapping[str, Any] | None = None,
    sample: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> TemplateVersion:
    """Publish a new version of a template; new notifications use it from now on.

    Notifications that were accepted before keep the version they have. If nothing has changed, the
    current version is returned.

    Args:
        name: what callers give to ``notify``.
        channel: ``email`` (subject, text and optional HTML) or ``webhook`` (text that gives JSON).
        locale: language tag such as ``pt-BR``, in any case; empty for the one that serves every locale
            without its own.
        subject: one line, for e-mail.
        text: the plain text, or the JSON document of a webhook.
        html: HTML part of an e-mail; the values in it are escaped.
        schema: JSON Schema of the variables; without one, every variable used is required.
        sample: variables for the preview. If given, the template is rendered with them before it
            is published, which finds what a schema cannot.
        description: for people; None leaves it as it is.

    Raises:
        InvalidTemplate: names the part, the line and what is wrong; nothing is written.
    """
    locale = checked_locale(locale, InvalidTemplate)
    check_storable(InvalidTemplate, "description", description, _LONGEST_DESCRIPTION)
    checked = check_template(
        name,
        channel=channel,
        locale=locale,
        subject=subject,
        text=text,
        html=html,
        schema=schema,
        sample=sample,
    )
    with transaction.atomic(using=database.alias()):
        template, _ = Template.objects.get_or_create(
            name=name, channel=channel, locale=locale, defaults={"created_at": clock.now()}
        )
        template = Template.objects.select_for_update().get(pk=template.pk)
        if description is not None:
            Template.objects.filter(pk=template.pk).update(description=description)
        return _current_if_same(template, checked) or _publish(template, checked)


@storable_arguments(InvalidTemplate, but={"locale"})
def check_template(
    name: str,
    *,
    channel: str,
    locale: str = "",
    subject: str = "",
    text: str = "",
    html: str = "",
    schema: Mapping[str, Any] | None = None,
    sample: Mapping[str, Any] | None = None,
) -> TemplateVersion:
    """Check all parts of a template; return the version that publishing would store, unsaved.

    Raises:
        InvalidTemplate: names the part, the line and what is wrong.
    """
    if not re.match(NAME_PATTERN, name) or len(name) > 100:
        raise InvalidTemplate("name", "use lower-case letters, digits, dots, dashes, underscores")
    checked_locale(locale, InvalidTemplate)
    compiled = _compiled(channel, subject, text, html)
    used_schema = dict(schema) if schema else schema_for(compiled.names)
    check_schema(used_schema, compiled.names)
    used_sample = {} if sample is None else _checked_sample(compiled, used_schema, sample)
    return TemplateVersion(
        subject=subject, text=text, html=html, schema=used_schema, sample=used_sample
    )


def preview(version: TemplateVersion, channel: str) -> Rendered:
    """Render a version, saved or not, with its sample variables."""
    return _compiled(channel, version.subject, version.text, version.html).render(version.sample)


def find_version(name: str, channel: str, locale: str = "") -> TemplateVersion:
    """Find the version that a new notification uses: of the locale, the nearest shorter one, or any.

    Raises:
        UnknownTemplate: lists close names, or the channels that the template has.
    """
    if not is_storable(name):
        raise UnknownTemplate(
            "template", "is the name of no template; it holds what nothing stores"
        )
    wanted = fallbacks(locale)
    found = {
        template.locale: template.current
        for template in Template.objects.filter(
            name=name, channel=channel, locale__in=wanted, current__isnull=False
        ).select_related("current__template")
    }
    for candidate in wanted:
        version = found.get(candidate)
        if version is not None:
            return version
    raise UnknownTemplate("template", _unknown(name, channel))


def _compiled(channel: str, subject: str, text: str, html: str) -> CompiledTemplate:
    try:
        kind = channel_named(channel)
    except InvalidNotification as error:
        raise InvalidTemplate("channel", error.problem) from None
    return kind.compile(subject, text, html)


def _checked_sample(
    compiled: CompiledTemplate, schema: dict[str, Any], sample: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        plain = plain_json("context", sample, conf.current().context_limit)
        check_variables(schema, plain, {})
        compiled.render(plain)
    except InvalidNotification as error:
        where = error.field.removeprefix("context").removeprefix(".")
        raise InvalidTemplate("sample", f"{where}: {error.problem}".removeprefix(": ")) from None
    except RenderingFailed as error:
        raise InvalidTemplate(error.part, error.problem, error.line) from None
    return plain


def _current_if_same(template: Template, checked: TemplateVersion) -> TemplateVersion | None:
    current = template.current
    fields = ("subject", "text", "html", "schema", "sample")
    if current and all(getattr(current, name) == getattr(checked, name) for name in fields):
        return current
    return None


def _publish(template: Template, checked: TemplateVersion) -> TemplateVersion:
    last = template.versions.aggregate(last=Max("number"))["last"] or 0
    checked.template = template
    checked.number = last + 1
    checked.published_at = clock.now()
    checked.save(force_insert=True)
    Template.objects.filter(pk=template.pk).update(current=checked)
    return checked


def _unknown(name: str, channel: str) -> str:
    channels = sorted(
        set(
            Template.objects.filter(name=name, current__isnull=False).values_list(
                "channel", flat=True
            )
        )
    )
    if channels:
        return f"'{name}' has no version for channel '{channel}'; it has {', '.join(channels)}"
    known = Template.objects.filter(current__isnull=False).values_list("name", flat=True)
    listed = ", ".join(sorted(set(known))[:10]) or "none yet"
    return f"there is no template '{name}'; published are: {listed}"
