"""The public names, as other apps reach them by ``import tasks_core``."""

import subprocess
import sys

import pytest

import tasks_core
from tasks_core import api
from tests.support.life import plain_type

BEFORE_DJANGO = """
import sys
import tasks_core
from tasks_core import CRITICAL, Exponential, PermanentError, Snooze

assert not hasattr(tasks_core, "celery")
assert CRITICAL == 0 and issubclass(PermanentError, Exception)
assert "tasks_core.models" not in sys.modules
"""


def test_each_is_the_one_of_the_api_and_there_are_no_others() -> None:
    assert set(tasks_core.__all__) == set(api.__all__)
    assert all(getattr(tasks_core, name) is getattr(api, name) for name in api.__all__)


def test_rules_and_exceptions_are_there_before_django_is_set_up() -> None:
    command = [sys.executable, "-c", BEFORE_DJANGO]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.django_db
def test_an_option_that_does_not_exist_is_named_with_those_that_do() -> None:
    plain_type()
    for call in (tasks_core.enqueue, tasks_core.enqueue_many):
        with pytest.raises(TypeError, match=r"'prioirty'; there are .*priority") as refused:
            call("plain", [{}], prioirty=1)  # type: ignore[call-arg]
        assert "run_after" in str(refused.value)
