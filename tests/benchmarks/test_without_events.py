"""The engine whose events are left out is the same engine otherwise."""

from benchmarks.bellringer.without_events import without_event
from tasks_core.sql import claim, dispatch, finish, insert


def test_only_the_event_part_is_left_out() -> None:
    for sql in (insert.SQL, dispatch.TAKE, claim.SQL, finish.FINISH):
        reduced = without_event(sql)
        begin = sql.index(", event AS (")
        assert "tasks_core_taskevent" in sql
        assert "tasks_core_taskevent" not in reduced
        assert reduced[:begin] == sql[:begin]
        assert sql.endswith(reduced[begin:])
        assert reduced.count("(") == reduced.count(")")
        assert reduced[begin:].lstrip().startswith("SELECT")
