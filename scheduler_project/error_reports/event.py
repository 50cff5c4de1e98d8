"""What is left of an event before it is sent: what is known to be harmless, texts scrubbed.

An event is written anew from what may pass, so that whatever a future SDK or integration adds to it stays
here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sentry_sdk.types import Breadcrumb, Event, Hint

from scheduler_project.error_reports.sensitive import sensitive_values
from tasks_core import instrumentation
from tasks_core.logs import redacted_text
from tasks_core.outcomes.failures import scrub

PLAIN = (
    *("event_id", "timestamp", "level", "platform", "logger", "server_name", "release"),
    *("environment", "dist", "sdk", "modules", "transaction", "transaction_info", "fingerprint"),
)
CONTEXTS = ("task", "runtime", "os", "trace")
TRACE = ("trace_id", "span_id", "parent_span_id", "op", "status")
FRAME = (
    *("filename", "abs_path", "function", "module", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)
CRUMB = ("type", "category", "level", "timestamp")
CRUMB_DATA = ("method", "status_code", "http.response.status_code")

Clean = Callable[[str], str]


def before_send(event: Event, hint: Hint) -> Event | None:
    """Return what is sent of ``event``."""
    if event.get("type") == "check_in":
        return event
    values = sensitive_values(instrumentation.current_attempt.get())

    def clean(text: str) -> str:
        return redacted_text(scrub(text, values))

    given: dict[str, Any] = dict(event)
    kept = _only(given, PLAIN)
    kept["tags"] = {name: clean(str(value)) for name, value in (given.get("tags") or {}).items()}
    kept["contexts"] = _contexts(given.get("contexts") or {})
    for part, convert in _PARTS.items():
        if given.get(part):
            kept[part] = convert(given[part], clean)
    if "logentry" in given:
        kept["logentry"] = {"message": clean(_template(given["logentry"], hint))}
    return kept  # type: ignore[return-value]  # made of parts of an Event


def before_breadcrumb(crumb: Breadcrumb, hint: Hint) -> Breadcrumb | None:
    """Return what is kept of ``crumb``: of a line of a log the message without its arguments."""
    given: dict[str, Any] = dict(crumb)
    kept = _only(given, CRUMB)
    if given.get("message"):
        kept["message"] = _template({"message": given["message"]}, hint)
    kept["data"] = _only(given.get("data") or {}, CRUMB_DATA)
    return kept


def _only(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _template(entry: Mapping[str, Any], hint: Hint) -> str:
    """Return a log message as the source has it: its arguments are data."""
    record = (hint or {}).get("log_record")
    message = record.msg if record is not None else entry.get("message", "")
    if isinstance(message, Mapping):  # structlog's
        message = message.get("event", "")
    return str(message)


def _contexts(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = _only(given, CONTEXTS)
    if "trace" in kept:
        kept["trace"] = _only(kept["trace"], TRACE)
    return kept


def _exceptions(given: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    return {"values": [_exception(one, clean) for one in given.get("values") or ()]}


def _exception(given: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    kept = _only(given, ("type", "module", "thread_id"))
    kept["value"] = clean(str(given.get("value") or ""))
    if given.get("mechanism"):
        names = ("type", "handled", "source", "exception_id", "parent_id", "is_exception_group")
        kept["mechanism"] = _only(given["mechanism"], names)
    if given.get("stacktrace"):
        kept["stacktrace"] = _stacktrace(given["stacktrace"])
    return kept


def _stacktrace(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"frames": [_only(frame, FRAME) for frame in given.get("frames") or ()]}


def _threads(given: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    return {
        "values": [
            {
                **_only(one, ("id", "name", "crashed", "current")),
                "stacktrace": _stacktrace(one.get("stacktrace") or {}),
            }
            for one in given.get("values") or ()
        ]
    }


def _crumbs(given: Any, clean: Clean) -> dict[str, Any]:
    crumbs = given.get("values") if isinstance(given, Mapping) else given
    return {
        "values": [
            {**crumb, "message": clean(str(crumb["message"]))} if crumb.get("message") else crumb
            for crumb in crumbs or ()
        ]
    }


def _request(given: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    """Return method and path: what follows the question mark is for the web process alone."""
    url = urlsplit(str(given.get("url") or ""))
    host = url.netloc.rpartition("@")[2]
    return {**_only(given, ("method",)), "url": clean(f"{url.scheme}://{host}{url.path}")}


_PARTS: dict[str, Callable[[Any, Clean], Any]] = {
    "exception": _exceptions,
    "threads": _threads,
    "breadcrumbs": _crumbs,
    "request": _request,
    "message": lambda text, clean: clean(str(text)),
}
