"""From an event to the exact request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.exceptions import InvalidTrigger, RenderingFailed
from notifications.sending.delivery_span import passed_on
from notifications.sending.outgoing.guard import InvalidUrl
from notifications.triggers import environment, webhook
from notifications.triggers.bindings import check_bound
from notifications.triggers.definition import Definition
from notifications.triggers.headers import Header, merged, plain, resolve_headers, variables_of
from notifications.triggers.receiver import alters_variables, has_open_host
from notifications.triggers.redaction import Redaction, sensitive_values
from notifications.triggers.transforms.body import JSON_TYPE, Written
from notifications.triggers.transforms.request import Changed, parse_request_transform
from tasks_core import logs

USER_AGENT = "Bellringer-Triggers/1.0"


class NotCallable(Exception):
    """The request cannot be made; the text says why, and has no values."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request ready to be sent."""

    method: str
    url: str = field(repr=False)
    headers: list[Header]
    body: bytes | None = field(repr=False)
    wrapped: Mapping[str, Any] = field(repr=False)
    """The body as it was before it was transformed."""
    is_transformed: bool
    redaction: Redaction
    alters_variables: bool
    """Whether what the transform gave may hold a variable in a form that ``redaction`` does not find."""


def make_request(definition: Definition, body: Mapping[str, Any]) -> Request:
    """Resolve variables and headers, and apply the transform.

    Raises:
        NotCallable: an environment variable is missing, or the transform fails.
    """
    try:
        url, secrets = webhook.resolve(definition.webhook)
        configured = resolve_headers(definition.headers)
    except environment.NotSet as error:
        raise NotCallable(str(error)) from None
    changed = _changed(definition, body, url)
    hides = alters_variables(definition.webhook, definition.request_transform)
    _check_bound(definition, changed.url if changed else url)
    content = changed.body if changed else None
    if content is None:
        content = Written(json.dumps(body, ensure_ascii=False, separators=(",", ":")), JSON_TYPE)
    secrets += [header.value for header in configured if header.is_secret]
    secrets += sensitive_values(body)
    logs.hide(*secrets)
    return Request(
        method=changed.method if changed else "POST",
        url=changed.url if changed else url,
        headers=_headers(configured, changed, content.content_type, hides=hides),
        body=content.text.encode() if content.content_type else None,
        wrapped=body,
        is_transformed=changed is not None,
        redaction=Redaction(secrets),
        alters_variables=hides,
    )


def _check_bound(definition: Definition, url: str) -> None:
    """Let the variables of a call reach only those they are meant for, wherever its URL comes from."""
    names = [*webhook.variables_in(definition.webhook), *variables_of(definition.headers)]
    try:
        check_bound(
            names,
            url,
            shows_host=has_open_host(definition.webhook, definition.request_transform),
        )
    except (environment.NotSet, InvalidUrl) as error:
        raise NotCallable(str(error)) from None


def _changed(definition: Definition, body: Mapping[str, Any], url: str) -> Changed | None:
    if definition.request_transform is None:
        return None
    try:
        return parse_request_transform(definition.request_transform).apply(body, url)
    except RenderingFailed as error:
        raise NotCallable(f"request_transform: {error}") from None
    except InvalidTrigger as error:  # it was right once: the rules of today are others
        raise NotCallable(str(error)) from None


def _headers(
    configured: list[Header], changed: Changed | None, content_type: str, *, hides: bool
) -> list[Header]:
    told = {"User-Agent": USER_AGENT, **passed_on()}
    defaults = [plain(name, value) for name, value in told.items()]
    if content_type:
        defaults.insert(0, plain("Content-Type", content_type))
    headers = merged(defaults, configured)
    if changed is None:
        return headers
    kept = [header for header in headers if header.name.lower() not in changed.remove_headers]
    if changed.body is not None and content_type != JSON_TYPE:
        # A transform that gives another kind of body says so itself, whatever was configured.
        kept = [header for header in kept if header.name.lower() != "content-type"]
        kept += defaults[:1] if content_type else []
    return merged(kept, [plain(name, value, hides=hides) for name, value in changed.add_headers])
