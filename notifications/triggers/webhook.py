"""The address of a webhook, with {{NAME}} for environment variables."""

import re

from notifications.exceptions import InvalidTrigger
from notifications.sending.outgoing.guard import MAX_URL_LENGTH, InvalidUrl, check_url
from notifications.triggers import environment

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]*)\s*\}\}")


def check_webhook(webhook: object) -> str:
    """Check an address as it was written.

    Variables that are set here are filled in for the check; those that are not may be set where the
    workers run.

    Raises:
        InvalidTrigger: says what is wrong and what would be right.
    """
    if not isinstance(webhook, str) or not webhook.strip():
        raise InvalidTrigger("webhook", "is empty; give a URL such as https://example.com/hook")
    if len(webhook) > MAX_URL_LENGTH:
        raise InvalidTrigger("webhook", f"is longer than {MAX_URL_LENGTH} characters")
    for name in variables_in(webhook):
        environment.check_name("webhook", name)
    rest = _VARIABLE.sub("", webhook)
    if "{" in rest or "}" in rest:
        raise InvalidTrigger("webhook", "has a brace that is not part of {{NAME}}")
    try:
        check_url(resolve(webhook)[0])
    except environment.NotSet:
        pass
    except InvalidUrl as error:
        raise InvalidTrigger("webhook", str(error)) from None
    return webhook


def variables_in(webhook: str) -> list[str]:
    """Return the names of the variables in an address."""
    return _VARIABLE.findall(webhook)


def resolve(webhook: str) -> tuple[str, list[str]]:
    """Return the address with its variables filled in, and the values that may not be shown.

    Raises:
        NotSet: names the variable.
    """
    values = {name: environment.value_of(name) for name in variables_in(webhook)}
    return _VARIABLE.sub(lambda found: values[found[1]], webhook), list(values.values())
