"""Put pydantic's findings into words for people who set environment variables."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

WORDS = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be more than {gt:,.15g}",
    "greater_than_equal": "must be {ge:,.15g} or more",
    "less_than_equal": "must be {le:,.15g} or less",
    "literal_error": "must be one of {expected}",
}


def complaints(error: ValidationError, *, already_named: Collection[str]) -> list[str]:
    """Return a line for each mistake, but for variables that were named already."""
    found = error.errors(include_url=False, include_input=False)
    return [
        complaint(str(details["loc"][0]), details)
        for details in found
        if details["loc"][0] not in already_named
    ]


def complaint(name: str, details: Mapping[str, Any]) -> str:
    """Return one line on variable `name`. What it held is left out: it may be a secret."""
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        return f"{name} {context['error']}."
    words = WORDS.get(details["type"])
    return f"{name} {words.format(**context)}." if words else f"{name}: {details['msg']}."
