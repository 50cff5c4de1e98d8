"""A forked worker process does not look through its parent's heap again and again."""

import subprocess
import sys

from tests.support.pool_child import seen_in_child_and_main

SCRIPT = """
import gc
from tasks_core.worker import interpreter

{before}
interpreter.tune_gc()
print(gc.get_freeze_count() > 1_000, gc.get_threshold() == interpreter.THRESHOLDS, gc.isenabled())
"""


def settled(before: str = "") -> str:
    command = [sys.executable, "-c", SCRIPT.format(before=before)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_what_is_there_is_left_out_of_collections() -> None:
    assert settled() == "True True True"


def test_who_has_switched_collections_off_keeps_it_so() -> None:
    assert settled("gc.disable()") == "True False False"


def test_a_child_of_the_pool_does_so_when_it_begins_and_its_parent_does_not() -> None:
    child, main = map(int, seen_in_child_and_main("gc.get_freeze_count()"))
    assert child > 1_000
    assert main == 0
