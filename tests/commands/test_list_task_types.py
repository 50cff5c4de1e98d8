"""`list_task_types`."""

import json

from tests.commands.conftest import Run


def test_types_are_listed_with_the_fields_of_their_payloads(run: Run) -> None:
    found = {
        row["name"]: row
        for row in map(json.loads, run("list_task_types", "--format", "json").lines)
    }
    remind = found["invoice.remind"]
    assert remind["fields"] == ["invoice", "note?"]
    assert (remind["queue_name"], remind["priority"]) == ("default", "normal")
    assert remind["retry"]["strategy"] == "fixed"
    assert remind["handler"] == "tests.commands.conftest.remind"
    assert "notification.render" in found
