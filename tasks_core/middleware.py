"""One correlation id for a request, all its log lines and all the tasks it makes."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tasks_core.correlation_ids import correlation, is_acceptable, new_correlation_id

HEADERS = ("X-Request-ID", "X-Correlation-ID")
"""Where a caller or a proxy may give the id; the first that is there and acceptable is taken."""


class CorrelationMiddleware:
    """Binds the id a request brings, or a new one, and answers with it in ``X-Request-ID``.

    Put it first in ``MIDDLEWARE``: what comes before it has no id. An id that is too long, or has other
    characters than ``correlation_ids.is_acceptable`` takes, is replaced by a new one. An id that came as
    ``X-Correlation-ID`` is returned there too.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request within its correlation id."""
        if self._is_async:
            return self._answer(request)
        with correlation(_id_of(request)) as correlation_id:
            # Django logs answers such as 404 after the last middleware; that line has the request.
            request.correlation_id = correlation_id  # type: ignore[attr-defined]
            response = cast(HttpResponseBase, self._get_response(request))
        return _with_id(response, request, correlation_id)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with correlation(_id_of(request)) as correlation_id:
            request.correlation_id = correlation_id  # type: ignore[attr-defined]
            response = cast(HttpResponseBase, await self._get_response(request))
        return _with_id(response, request, correlation_id)


def _id_of(request: HttpRequest) -> str:
    given = (request.headers.get(name, "") for name in HEADERS)
    return next((value for value in given if is_acceptable(value)), None) or new_correlation_id()


def _with_id(
    response: HttpResponseBase, request: HttpRequest, correlation_id: str
) -> HttpResponseBase:
    response.headers[HEADERS[0]] = correlation_id
    if request.headers.get(HEADERS[1]) == correlation_id:
        response.headers[HEADERS[1]] = correlation_id
    return response
