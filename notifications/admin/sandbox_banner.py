"""What stands on every page of the admin while the sandbox is on."""

from django.http import HttpRequest

from notifications import conf


def environment(request: HttpRequest) -> list[str] | None:
    """Return the words and their colour for the theme, or nothing."""
    if not conf.current().sandbox:
        return None
    # One word: on a telephone it shares the line with the title of the page.
    return ["Sandbox", "danger"]
