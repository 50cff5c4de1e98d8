"""What is written down of an attempt: without secrets, and of a secret message only codes."""

from dataclasses import replace
from typing import Any

from notifications.channel_api.sendable import Sendable
from notifications.confidential import MASK, WITHHELD
from notifications.rules.outcome import SendResult
from notifications.rules.reply_codes import codes_of

_WHOLE = 1_000_000
"""Longer than what a channel keeps: it has been cut already."""


def kept(found: Sendable, result: SendResult) -> SendResult:
    """Return ``result`` as it goes on record.

    Every channel's results pass here. Whoever is sent a secret may quote it in any form, so of the answer
    to a secret message only codes are kept. Whoever else did not take one may quote what we logged in with;
    endpoints get no credential of ours. The id of a message may be the address that it went to, which is the
    secret of a web push subscription, and is looked through in any case.
    """
    if not _is_clean(found, result.provider_message_id):
        result = replace(result, provider_message_id="")  # an id with a mask in it is nobody's
    is_told_nothing = result.outcome.is_success or found.receiver is not None
    if is_told_nothing and not found.is_secret:
        return result
    response = result.response
    if found.is_secret:
        response = {name: _code(value) for name, value in response.items()}
    return replace(
        result,
        error=_clean(found, result.error),
        request=_clean(found, result.request),
        response=_clean(found, response),
    )


def _is_clean(found: Sendable, text: str) -> bool:
    return not text or _clean(found, text) == text


def _code(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return (codes_of(value) if isinstance(value, str) else "") or WITHHELD


def _clean(found: Sendable, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _clean(found, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(found, item) for item in value]
    if isinstance(value, str):
        return found.redactor.clean_of_all(value, _WHOLE)
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = str(value)
        return value if _clean(found, written) == written else MASK
    return value
