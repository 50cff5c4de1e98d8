"""Every page, list, step and history opens, and every form is answered, whoever asks."""

from collections.abc import Iterable, Iterator

import pytest
from cryptography.fernet import Fernet
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from notifications.sending.standard_webhooks import secrets
from tests.admin.crawl.addresses import list_of, pages_of, pages_of_the_site
from tests.admin.crawl.everything import make_everything
from tests.admin.crawl.forms import Form, forms_of
from tests.admin.crawl.visitor import Answer, Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

MODELS = list(admin.site._registry)
PARTS = {
    "tasks": [model for model in MODELS if model._meta.app_label == "tasks_core"],
    "notifications": [model for model in MODELS if model._meta.app_label == "notifications"],
    "others": [
        model for model in MODELS if model._meta.app_label not in ("tasks_core", "notifications")
    ],
}


SELDOM = [
    pytest.param(word, marks=pytest.mark.endurance)
    for word in ("change", "add", "delete", "view change")
]
"""Opening all pages takes a minute; those who differ from others in a few of them come with the long runs."""


@pytest.fixture(autouse=True)
def _everything(db: None, broker: object) -> None:
    make_everything()


def person(name: str, permissions: Iterable[Permission] = (), *, is_root: bool = False) -> Visitor:
    user = User.objects.create(username=name, password="!", is_staff=True, is_superuser=is_root)
    user.user_permissions.set(permissions)
    client = Client()
    client.force_login(user)
    return Visitor(client)


def who_may(*words: str) -> Visitor:
    """Give somebody who may do what one of the words says to every model, as ``view`` does."""
    found = [one for one in Permission.objects.all() if one.codename.partition("_")[0] in words]
    return person(f"may {' and '.join(words) or 'nothing'}", found)


def pages(part: str) -> list[str]:
    own = [] if part != "others" else list(pages_of_the_site())
    return own + [url for model in PARTS[part] for url in pages_of(model)]


def errors(answers: dict[str, Answer]) -> dict[str, str]:
    return {url: str(answer) for url, answer in answers.items() if answer.status >= 500}


def with_tokens(answers: dict[str, Answer]) -> list[str]:
    """Return the pages that show what is sealed in its stored form, or opened."""
    sealed = ("gAAAAA", "t0ken-of-ours")
    return [url for url, answer in answers.items() if any(one in answer.html for one in sealed)]


def forms_in(answers: dict[str, Answer]) -> Iterator[Form]:
    """Yield the forms of the pages, each once."""
    known = set()
    for url, answer in answers.items():
        for form in forms_of(url, answer.html):
            key = (form.action, tuple(name for name, _ in form.fields))
            if key not in known:
                known.add(key)
                yield form


def sent(visitor: Visitor, forms: Iterable[Form], *, buttons: int) -> dict[str, Answer]:
    """Send each form as it was shown, by its first few buttons, and empty."""
    answers = {}
    for form in forms:
        for button in (form.buttons or [("", "")])[:buttons]:
            answers[f"{form.action} {button}"] = visitor.post(form.action, form.sent(button))
        answers[f"{form.action} empty"] = visitor.post(form.action, {})
    return answers


@pytest.mark.parametrize("part", PARTS)
class TestEveryPage:
    def test_whoever_may_do_everything_opens_every_page_and_sends_every_form(
        self, part: str
    ) -> None:
        root = person("root", is_root=True)
        shown = {url: root.get(url) for url in pages(part)}
        assert errors(shown) == {}
        assert with_tokens(shown) == []
        assert errors(sent(root, forms_in(shown), buttons=9)) == {}

    @pytest.mark.parametrize("word", ["", "view", *SELDOM])
    def test_nobody_who_may_do_less_meets_an_error_or_writes_what_they_may_not(
        self, part: str, word: str
    ) -> None:
        """The forms are those that somebody is shown who may do everything."""
        root, visitor = person("root", is_root=True), who_may(*word.split())
        shown = {url: visitor.get(url) for url in pages(part)}
        assert errors(shown) == {}
        forms = list(forms_in({url: root.get(url) for url in shown}))
        answers = sent(visitor, forms, buttons=1)
        assert errors(answers) == {}
        if word in ("", "view"):
            assert {url: answer.wrote for url, answer in answers.items() if answer.wrote} == {}
        if word == "view":
            looked_at = [url for url in shown if url.endswith(("/change/", "/history/"))]
            looked_at += [list_of(model) for model in PARTS[part]]
            assert {url: shown[url].status for url in looked_at if shown[url].status != 200} == {}
        if not word:
            own = set(pages_of_the_site())
            opened = [url for url, one in shown.items() if one.status == 200 and url not in own]
            assert opened == []

    def test_whoever_may_see_one_model_alone_is_shown_its_rows(self, part: str) -> None:
        failed: dict[str, str] = {}
        for model in PARTS[part]:
            permissions = Permission.objects.filter(
                content_type__app_label=model._meta.app_label,
                codename=f"view_{model._meta.model_name}",
            )
            visitor = person(f"of {model._meta.label}", permissions)
            shown = [list_of(model), *(u for u in pages_of(model) if u.endswith("/change/"))]
            answers = {url: visitor.get(url) for url in shown}
            failed |= {url: str(one) for url, one in answers.items() if one.status != 200}
            failed |= dict.fromkeys(with_tokens(answers), "shows a sealed token")
        assert failed == {}

    @pytest.mark.endurance
    def test_every_choice_of_every_filter_opens(self, part: str) -> None:
        viewer = who_may("view")
        answers = {}
        for model in PARTS[part]:
            changelist = viewer.get(list_of(model)).context["cl"]
            for spec in changelist.filter_specs:
                for choice in spec.choices(changelist):
                    if query := choice.get("query_string"):
                        answers[list_of(model) + query] = viewer.get(list_of(model) + query)
        assert errors(answers) == {}

    def test_pages_open_when_no_key_opens_what_is_sealed(
        self, part: str, settings: Settings
    ) -> None:
        """A key was dropped too early: whoever is to mend that needs the pages."""
        settings.BELLRINGER = {
            **settings.BELLRINGER,
            "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
        }
        secrets._opened.cache_clear()
        root = person("root", is_root=True)
        shown = {url: root.get(url) for url in pages(part)}
        assert errors(shown) == {}
        assert errors(sent(root, forms_in(shown), buttons=1)) == {}
