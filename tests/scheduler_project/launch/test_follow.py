"""Lines of logs are shown as they are written."""

import threading
from pathlib import Path

from scheduler_project.launch.follow import follow


def test_lines_of_all_logs_are_shown_until_it_is_stopped(tmp_path: Path) -> None:
    logs = {name: tmp_path / name for name in ("web", "worker")}
    for log in logs.values():
        log.write_text("")
    stop = threading.Event()
    seen: list[tuple[str, str]] = []

    def show(name: str, line: str) -> None:
        seen.append((name, line))
        if len(seen) == 3:
            stop.set()

    thread = threading.Thread(target=follow, args=(logs, show, stop))
    thread.start()
    with logs["web"].open("ab") as web:
        web.write(b"one\n\xff two\n")
    with logs["worker"].open("a") as worker:
        worker.write("three\n")
    thread.join(10)
    assert sorted(seen) == [("web", "one"), ("web", "\ufffd two"), ("worker", "three")]
