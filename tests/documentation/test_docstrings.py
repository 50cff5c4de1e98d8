"""What public docstrings show runs, and what they tell one to call is there and takes that."""

import ast
import doctest
import inspect
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from notifications.api import live_secrets, register_endpoint
from tests.documentation import public_docstrings
from tests.documentation.public_docstrings import Documented, calls, documented, examples

pytestmark = pytest.mark.usefixtures("example_ground")

FOUND = list(documented())
WITH_EXAMPLES = [one for one in FOUND if any(examples(one.text))]
WITH_CALLS = [one for one in FOUND if any(calls(one.text))]


def test_there_are_some() -> None:
    assert {"tasks_core", "tasks_core.events", "notifications.api"} <= {
        one.name for one in WITH_EXAMPLES
    }
    assert any(one.name.endswith("register_endpoint") for one in WITH_CALLS)


@pytest.mark.parametrize("one", WITH_EXAMPLES, ids=lambda one: one.name)
def test_the_examples_of_a_docstring_run(
    one: Documented, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    call_command("publish_templates", verbosity=0)
    monkeypatch.setenv("HOOK_REPORT_TOKEN", "t-1")
    bound = ["HOOK_REPORT_TOKEN=example.com"]
    settings.BELLRINGER = {**settings.BELLRINGER, "TRIGGER_ENV_HOSTS": bound}
    for source in examples(one.text):
        names: dict[str, Any] = {"__name__": f"docstring_of_{one.name.replace('.', '_')}"}
        if source.startswith(">>> "):
            test = doctest.DocTestParser().get_doctest(source, names, one.name, None, 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        else:
            exec(compile(source, one.name, "exec"), names)


@pytest.mark.parametrize("one", WITH_CALLS, ids=lambda one: one.name)
def test_the_calls_of_a_docstring_are_public_and_take_that(one: Documented) -> None:
    public = public_docstrings.public_names()
    for call in calls(one.text):
        name = ast.unparse(call.func).rpartition(".")[2]
        methods = (
            getattr(thing, name, None) for thing in public.values() if inspect.isclass(thing)
        )
        called = public.get(name) or next(filter(None, methods), None)
        assert called is not None, f"{name} is not public"
        if isinstance(call.func, ast.Attribute):
            continue
        places = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        inspect.signature(called).bind_partial(*places, **keywords)


def test_what_an_endpoint_is_registered_with_can_be_handed_over() -> None:
    endpoint = register_endpoint("merchant-7", "https://merchant.example/hooks")
    [secret] = live_secrets(endpoint)
    assert secret.startswith("whsec_")
