"""The engine's statements without the events that they write: what those cost is the difference."""

import pkgutil
from importlib import import_module

import tasks_core.sql

VARIABLE = "BENCH_WITHOUT_EVENTS"
BEGIN = ", event AS ("
#: Every no-op task passes through these.
WANTED = {"insert.SQL", "dispatch.TAKE", "claim.SQL", "finish.FINISH"}


def leave_out_events() -> None:
    """Change the statements of this process."""
    changed = set()
    for module_info in pkgutil.iter_modules(tasks_core.sql.__path__):
        module = import_module(f"tasks_core.sql.{module_info.name}")
        for name, value in list(vars(module).items()):
            if isinstance(value, str) and BEGIN in value:
                setattr(module, name, without_event(value))
                changed.add(f"{module_info.name}.{name}")
    if not changed >= WANTED:
        raise RuntimeError(f"these statements write events in another way: {WANTED - changed}")


def without_event(sql: str) -> str:
    """Return the statement without the part that inserts events."""
    before, _, rest = sql.partition(BEGIN)
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(rest[end], 0)
        end += 1
    return before + rest[end:]
