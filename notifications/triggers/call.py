"""Call a webhook once, and say what came of it."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from multidict import CIMultiDict

from notifications.exceptions import InvalidTrigger, RenderingFailed
from notifications.sending.outgoing.fetch import (
    ExchangeFailed,
    Failure,
    Response,
    UnreadableResponse,
    exchange,
)
from notifications.sending.outgoing.retry_after import seconds_asked
from notifications.sending.outgoing.status import describe_status
from notifications.triggers.definition import Definition
from notifications.triggers.headers import Stored, shown_headers
from notifications.triggers.invocation_log import (
    client_error,
    logged_request,
    logged_response,
    unsent_request,
)
from notifications.triggers.request import NotCallable, Request, make_request
from notifications.triggers.result import (
    CLIENT_ERROR,
    GONE,
    INTERNAL_ERROR,
    UNREADABLE_RESPONSE,
    Result,
)
from notifications.triggers.transforms.response import NotJson, parse_response_transform
from tasks_core import clock
from tasks_core.encryption import KeyMissing

logger = logging.getLogger(__name__)


async def call(definition: Definition, body: Mapping[str, Any]) -> Result:
    """Make one attempt; it does not raise for what the webhook or its configuration does.

    Once the request may have left, nothing is raised at all: an attempt that was made is on record.

    Raises:
        KeyMissing: this worker cannot open a header; another one may.
    """
    try:
        request = make_request(definition, body)
    except NotCallable as error:
        return not_called(definition.headers, body, str(error))
    except KeyMissing:
        raise
    except ImproperlyConfigured as error:  # a sealed header is damaged
        return replace(not_called(definition.headers, body, str(error)), is_final=False)
    except Exception as error:
        logger.exception("the request of a trigger could not be made")
        return _not_made(definition, error)
    began = time.monotonic()
    result = await _exchanged(definition, request)
    return replace(result, duration=round(time.monotonic() - began, 6))


async def _exchanged(definition: Definition, request: Request) -> Result:
    headers = CIMultiDict((header.name, header.value) for header in request.headers)
    seconds = float(definition.retry_conf.timeout_seconds)
    try:
        response = await exchange(
            request.method, request.url, request.body, headers, seconds=seconds
        )
        return _answered(definition, request, response)
    except ExchangeFailed as error:
        return _failed(request, error)
    except Exception as error:
        logger.exception("an answer of a trigger's webhook could not be read")
        return _unexpected(definition, error)


def _failed(request: Request, error: ExchangeFailed) -> Result:
    unreadable = isinstance(error, UnreadableResponse)
    return Result(
        status=UNREADABLE_RESPONSE if unreadable else CLIENT_ERROR,
        error=str(error),
        is_final=error.failure is Failure.REFUSED,
        request=logged_request(request),
        response=client_error(str(error)),
    )


def _not_made(definition: Definition, error: Exception) -> Result:
    """We fail before the webhook is called; of the body, which may be why, nothing is logged."""
    problem = (
        f"an unexpected {type(error).__name__} while the request was made (see the worker's log)"
    )
    return replace(not_called(definition.headers, {}, problem), is_final=False)


def _unexpected(definition: Definition, error: Exception) -> Result:
    """The webhook may have taken the request, but we fail at its answer: it is called again as it is set."""
    message = (
        f"an unexpected {type(error).__name__} after the request was sent (see the worker's log)"
    )
    return Result(
        status=INTERNAL_ERROR,
        error=f"{message}; it may have arrived",
        request=unsent_request({}, shown_headers(definition.headers)),
        response=client_error(message),
    )


def _answered(definition: Definition, request: Request, response: Response) -> Result:
    succeeded = 200 <= response.status < 300
    try:
        text = _transformed(definition, request, response)
    except (NotJson, RenderingFailed, InvalidTrigger) as error:
        if succeeded:
            return _not_understood(request, error)
        text = response.body.decode("utf-8", "replace")
    asked = CIMultiDict(response.headers).get("Retry-After")
    return Result(
        status=response.status,
        error="" if succeeded else describe_status(response.status).replace("endpoint", "webhook"),
        is_gone=response.status == GONE,
        is_final=response.status == GONE,
        retry_after=None if succeeded else _positive(seconds_asked(asked, clock.now())),
        request=logged_request(request),
        response=logged_response(request.redaction, response.status, response.headers, text),
    )


def _transformed(definition: Definition, request: Request, response: Response) -> str:
    if definition.response_transform is None:
        return response.body.decode("utf-8", "replace")
    transform = parse_response_transform(definition.response_transform)
    return transform.apply(response.body, status=response.status, request=request.wrapped)


def _not_understood(request: Request, error: Exception) -> Result:
    """The webhook took the request, but what it said cannot be read: it is not called again."""
    status = UNREADABLE_RESPONSE if isinstance(error, NotJson) else INTERNAL_ERROR
    message = f"response_transform: {error}"
    return Result(
        status=status,
        error=message,
        is_final=True,
        request=logged_request(request),
        response=client_error(message),
    )


def not_called(headers: Stored, body: Mapping[str, Any], problem: str) -> Result:
    """Return the result of an attempt that could not be made."""
    return Result(
        status=INTERNAL_ERROR,
        error=problem,
        is_final=True,
        request=unsent_request(body, shown_headers(headers)),
        response=client_error(problem),
    )


def _positive(seconds: float | None) -> float | None:
    return seconds if seconds is not None and seconds > 0 else None
