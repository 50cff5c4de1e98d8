"""The forms of a page, as a browser would read and send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

LEAVES = "/logout/"
"""The form that every page has, and after which there is nobody to open the next one."""


@dataclass
class Form:
    """Where it goes, what its fields hold, and the buttons by which it can be sent."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def sent(self, button: tuple[str, str] | None = None) -> dict[str, list[str]]:
        """Return what a browser sends of it, if nothing was edited."""
        data: dict[str, list[str]] = {}
        for name, value in [*self.fields, *([button] if button else [])]:
            data.setdefault(name, []).append(value)
        return data


def forms_of(url: str, html: str) -> list[Form]:
    """Return the forms of a page that are posted, apart from that which logs out."""
    reader = _Reader(url)
    reader.feed(html)
    return [form for form in reader.found if not form.action.endswith(LEAVES)]


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.found: list[Form] = []
        self._all: dict[str, Form] = {}
        self._form: Form | None = None
        self._textarea: str | None = None
        self._text = ""
        self._select: str | None = None
        self._chosen: list[str] = []
        self._offered: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._begin(given)
            return
        # A browser lets a field name a form that it does not stand in.
        form = self._all.get(given["form"]) if "form" in given else self._form
        if form is None:
            return
        name = given.get("name", "")
        if tag == "textarea":
            self._textarea, self._text = name, ""
        elif tag == "select":
            self._select, self._chosen, self._offered = name, [], []
        elif tag == "option" and self._select is not None:
            (self._chosen if "selected" in given else self._offered).append(given.get("value", ""))
        elif tag == "button" and given.get("type", "submit") == "submit" and name:
            form.buttons.append((name, given.get("value", "")))
        elif tag == "input" and name:
            self._input(form, name, given)

    def _input(self, form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif kind in ("checkbox", "radio"):
            # Boxes beside rows are ticked, so that there is something that an action is for.
            if "checked" in given or name == "_selected_action":
                form.fields.append((name, given.get("value", "on")))
        elif kind not in ("file", "image", "reset", "button"):
            form.fields.append((name, given.get("value", "")))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._form is None:
            return
        if tag == "textarea" and self._textarea:
            self._form.fields.append((self._textarea, self._text.removeprefix("\n")))
            self._textarea = None
        elif tag == "select" and self._select:
            chosen = self._chosen or self._offered[:1]
            self._form.fields += [(self._select, value) for value in chosen]
            self._select = None
        elif tag == "form":
            self._form = None

    def _begin(self, given: dict[str, str]) -> None:
        form = Form(urljoin(self._url, given.get("action", "")))
        self._form = form
        self._all[given.get("id", "")] = form
        if given.get("method", "get").lower() == "post":
            self.found.append(form)
