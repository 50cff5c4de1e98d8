"""Whether a version of a template and variables make a message; asked before anything is stored."""

from collections.abc import Mapping
from typing import Any

from notifications.exceptions import InvalidNotification, RenderingFailed
from notifications.message_templates.compiled import compiled_version
from notifications.models import TemplateVersion
from notifications.rendering.compiled import Rendered
from notifications.rendering.variables import check_variables


def try_out(
    version: TemplateVersion, context: Mapping[str, Any], secret_context: Mapping[str, Any]
) -> Rendered:
    """Check variables against the version's schema, and write the message once.

    Raises:
        InvalidNotification: names the variable.
    """
    check_variables(version.schema, context, secret_context)
    try:
        return compiled_version(version.pk).render({**context, **secret_context})
    except RenderingFailed as error:
        where = f"context.{error.variable}" if error.variable else "context"
        problem = f"the template cannot be rendered with it: {error}"
        raise InvalidNotification(where, problem) from None
