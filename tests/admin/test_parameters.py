"""Whatever is written into an address or a form of the admin, the answer is no error of the server."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.admin.crawl.addresses import list_of, pages_of, pages_of_the_site
from tests.admin.crawl.everything import make_everything
from tests.admin.crawl.forms import Form, forms_of
from tests.admin.crawl.hostile import BAD, LOOKUPS, encoded, segment, values
from tests.admin.crawl.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

MODELS = list(admin.site._registry)
OWN = (
    "q",
    "o",
    "p",
    "e",
    "all",
    "before",
    "after",
    "when",
    "span",
    "_facets",
    "_popup",
    "_to_field",
)
FORM = "application/x-www-form-urlencoded"
many = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # to shrink an example would render pages for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def root(db: None, broker: object) -> Visitor:
    make_everything()
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return Visitor(client)


def names_of(model: Any) -> list[str]:
    """Return the names of parameters that a list may look at."""
    fields = [field.name for field in model._meta.get_fields() if not field.auto_created]
    filters = [
        one if isinstance(one, str) else getattr(one, "parameter_name", None)
        for one in admin.site._registry[model].list_filter
    ]
    return [*OWN, "pk", "id", *fields, *(name for name in filters if name)]


def test_no_parameter_of_a_list_breaks_it(root: Visitor) -> None:
    """Each list gets a third of the values, each in another of its parameters."""
    failed = {}
    short = [value for value in BAD if len(value) < 3_000]  # no server takes so long an address
    for number, model in enumerate(MODELS):
        names = names_of(model)
        for place, value in enumerate(short[number % 3 :: 3]):
            name = names[(7 * place + number) % len(names)]
            url = f"{list_of(model)}?{encoded([(name, value)])}"
            if (answer := root.get(url)).status >= 500:
                failed[url[:120]] = str(answer)
    assert failed == {}


@many
@given(st.data())
def test_no_parameters_break_a_list(root: Visitor, data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    name = st.sampled_from(names_of(model)) | st.text(max_size=8)
    named = st.tuples(name, st.sampled_from(LOOKUPS)).map("".join)
    pairs = data.draw(st.lists(st.tuples(named, values), min_size=1, max_size=3))
    url = f"{list_of(model)}?{encoded((n, v[:500]) for n, v in pairs)}"
    assert root.get(url).status < 500


@many
@given(url=st.sampled_from(list(pages_of_the_site())), value=values)
def test_no_parameters_break_a_page_of_the_site(root: Visitor, url: str, value: str) -> None:
    pairs = [(name, value[:500]) for name in ("span", "s", "next", "term", "app_label")]
    answer = root.get(f"{url}?{encoded(pairs)}")
    assert answer.status < 500, answer
    for place in ("search/", "autocomplete/", f"r/{segment(value[:200])}/1/", segment(value[:200])):
        answer = root.get(f"/admin/{place}?{encoded(pairs)}")
        assert answer.status < 500, (place, answer)


@many
@given(model=st.sampled_from(MODELS), value=values)
def test_no_key_of_a_row_breaks_its_pages(root: Visitor, model: Any, value: str) -> None:
    for pattern in admin.site._registry[model].get_urls():
        shape = str(pattern.pattern)
        if "<path:object_id>" not in shape:
            continue
        url = list_of(model) + shape.replace("<path:object_id>", segment(value[:500]))
        answer = root.get(url)
        assert answer.status < 500, (url, answer)
        answer = root.post_raw(url, b"", FORM)
        assert answer.status < 500, (url, answer)


def forms(root: Visitor) -> list[Form]:
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    for model in MODELS:
        first: set[str] = set()
        for url in pages_of(model):
            kind = url.rstrip("/").rpartition("/")[2]
            if kind in first:
                continue  # one row of each model is enough
            first.add(kind)
            for form in forms_of(url, root.get(url).html):
                found.setdefault((form.action, tuple(name for name, _ in form.fields)), form)
    return list(found.values())


def test_no_value_of_a_form_breaks_it(root: Visitor) -> None:
    """Each field of each form gets one of the values, and all fields of a form get two more at once."""
    failed = {}
    number = 0
    for form in forms(root):
        names = list(dict.fromkeys(name for name, _ in form.fields))
        for chosen in (*names, None, None):
            number += 1
            value = BAD[number % len(BAD)]
            pairs = [(n, value if chosen in (n, None) else v) for n, v in form.fields]
            answer = root.post_raw(form.action, encoded(pairs + form.buttons[:1]).encode(), FORM)
            if answer.status >= 500:
                failed[f"{form.action} {chosen} {value[:30]!r}"] = str(answer)
    assert failed == {}


@many
@given(data=st.data())
def test_no_values_break_a_form(root: Visitor, data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    urls = [url for url in pages_of(model) if not url.endswith("/history/")]
    url = data.draw(st.sampled_from(urls))
    for form in forms_of(url, root.get(url).html):
        pairs = [(name, data.draw(st.just(old) | values)) for name, old in form.fields]
        body = encoded(pairs + form.buttons[:1]).encode()
        answer = root.post_raw(form.action, body, FORM)
        assert answer.status < 500, answer
