"""The threads of a worker process take short turns."""

from tasks_core.worker import interpreter
from tests.support.pool_child import seen_in_child_and_main

LENGTH = "sys.getswitchinterval()"


def test_a_child_of_the_pool_takes_shorter_ones_than_python() -> None:
    assert seen_in_child_and_main(LENGTH) == [
        str(interpreter.SWITCH_SECONDS),
        str(interpreter.PYTHONS_OWN),
    ]


def test_who_has_set_their_length_keeps_it() -> None:
    before = "sys.setswitchinterval(0.002)"
    assert seen_in_child_and_main(LENGTH, before=before) == ["0.002", "0.002"]
