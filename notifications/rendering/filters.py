"""The filters and tests of message templates. The result of each is bounded in size."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import dateformat
from jinja2 import Environment, TemplateRuntimeError, filters, pass_environment
from jinja2 import tests as jinja_tests

from notifications.rendering.links import LINK_FILTER, checked_link
from notifications.rendering.loops import LOOP_FILTER, metered
from notifications.rendering.time_budget import check_time
from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant

RESULT_LIMIT = 500_000


def bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a result that is too long, so that a chain of filters cannot grow without end.

    Each call also looks at the time, as a filter may have half a million characters to go through.
    """

    @wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        check_time()
        result = function(*args, **options)
        if isinstance(result, str) and len(result) > RESULT_LIMIT:
            raise TemplateRuntimeError(f"a filter gives more than {RESULT_LIMIT} characters")
        return result

    return checked


def decimals(value: object, places: int = 2) -> str:
    """Write a number with grouped thousands and a fixed number of decimals: 1,234.50."""
    try:
        number = Decimal(str(value))
        if not number.is_finite() or number.adjusted() > 30 or not 0 <= places <= 12:
            raise InvalidOperation
    except InvalidOperation:
        raise TemplateRuntimeError(
            "'decimals' needs a number of at most 30 digits and 0 to 12 places"
        ) from None
    return f"{number:,.{places}f}"


def date(value: object, form: str = "j F Y, H:i e", zone: str = "UTC") -> str:
    """Write an ISO 8601 instant with Django's date format characters, in a time zone."""
    try:
        instant = read_instant(str(value))
    except ValueError:
        raise TemplateRuntimeError(
            "'date' needs an instant such as 2026-11-21T09:00:00+00:00"
        ) from None
    if instant.tzinfo is None:
        raise TemplateRuntimeError("'date' needs an instant with an offset, such as +00:00")
    try:
        checked_instant(instant)
    except InvalidInstant as problem:
        raise TemplateRuntimeError(f"the instant of 'date' {problem}") from None
    try:
        return dateformat.format(instant.astimezone(ZoneInfo(zone)), form)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "America" is a folder of zones
        raise TemplateRuntimeError(f"'date' does not know the time zone '{zone}'") from None


@pass_environment
def truncate(
    environment: Environment,
    text: str,
    length: object = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int | None = None,
) -> str:
    """Cut a text as Jinja does; a length that does not hold the end is the template's mistake."""
    if not isinstance(length, int) or length < len(end):
        raise TemplateRuntimeError(
            f"'truncate' needs a length of at least {len(end)}, which its end {end!r} takes"
        )
    if leeway is not None and leeway < 0:
        raise TemplateRuntimeError("'truncate' needs a leeway of at least 0")
    return filters.do_truncate(environment, text, length, killwords, end, leeway)


def join(values: Iterable[object], separator: str = "") -> str:
    """Write the items of a list one after the other with a separator between them."""
    if not isinstance(values, list | tuple):
        str(values)  # an undefined variable raises its own error here
        raise TemplateRuntimeError("'join' needs a list")
    if len(values) * len(separator) > RESULT_LIMIT:
        raise TemplateRuntimeError(f"'join' gives more than {RESULT_LIMIT} characters")
    return separator.join(str(value) for value in values)


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "capitalize": bounded(filters.do_capitalize),
    "date": bounded(date),
    "decimals": decimals,
    "default": filters.do_default,
    "escape": bounded(filters.FILTERS["escape"]),
    "first": filters.do_first,
    "join": bounded(join),
    "last": filters.do_last,
    "length": len,
    "lower": bounded(filters.do_lower),
    "title": bounded(filters.do_title),
    "trim": bounded(filters.do_trim),
    "truncate": bounded(truncate),
    "upper": bounded(filters.do_upper),
    "urlencode": bounded(filters.do_urlencode),
    LINK_FILTER: checked_link,
    LOOP_FILTER: metered,
}

_JINJA_TESTS: dict[str, Any] = dict(jinja_tests.TESTS)

TESTS: dict[str, Callable[..., Any]] = {
    name: _JINJA_TESTS[name]
    for name in (
        "boolean",
        "defined",
        "even",
        "false",
        "in",
        "mapping",
        "none",
        "number",
        "odd",
        "sequence",
        "string",
        "true",
        "undefined",
    )
}
