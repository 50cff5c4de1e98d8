"""The doors of the platform are small and complete: documents and examples need nothing behind them."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import notifications.api
import notifications.channel_api
import tasks_core
import tasks_core.admin.toolkit
import tasks_core.testing
from scheduler_project.data_folder import CHECKOUT
from tests.documentation.markdown import blocks, documents

FACES: list[ModuleType] = [
    tasks_core,
    tasks_core.testing,
    tasks_core.admin.toolkit,
    notifications.api,
    notifications.channel_api,
]
ALSO_PUBLIC = {
    "tasks_core.clock",
    "tasks_core.engine.schedule",
    "tasks_core.events",
    "tasks_core.events.handlers.logging",
    "tasks_core.exceptions",
    "tasks_core.logs",
    "tasks_core.metrics.parts",
    "tasks_core.models",
    "tasks_core.signals",
    "notifications.events.alert",
    "notifications.events.notification",
    "notifications.events.webhook",
    "notifications.exceptions",
    "notifications.models",
    "notifications.signals",
    "notifications.triggers",
}
"""Rows to look at, errors to catch, signals and events to listen to, and the rules of schedules."""

PUBLIC = {face.__name__ for face in FACES} | ALSO_PUBLIC
APPS = ("tasks_core", "notifications")


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Return the modules of the platform that a source imports, each with a name out of it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [(name.name, "") for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = [(node.module, name.name) for name in node.names]
        else:
            continue
        yield from ((module, name) for module, name in found if module.partition(".")[0] in APPS)


def sources() -> Iterator[tuple[str, str]]:
    for document in documents():
        for number, block in enumerate(blocks(document, "python")):
            yield f"{document.name}:{number}", block.text
    for path in (CHECKOUT / "examples").rglob("*.py"):
        yield str(path.relative_to(CHECKOUT)), path.read_text()


def behind_a_door(module: str, name: str) -> bool:
    if module not in PUBLIC:
        return f"{module}.{name}" not in PUBLIC
    if not name or f"{module}.{name}" in PUBLIC:
        return False
    thing = getattr(import_module(module), name, None)
    return thing is None or isinstance(thing, ModuleType)


def test_documents_and_examples_need_the_public_faces_only() -> None:
    found = dict(sources())
    assert len(found) > 60
    behind = [
        (place, module, name)
        for place, source in found.items()
        for module, name in imports(source)
        if behind_a_door(module, name)
    ]
    assert behind == []


def test_pages_of_other_apps_need_the_toolkit_only() -> None:
    paths = [
        path
        for app in ("notifications", "scheduler_project")
        for path in (CHECKOUT / app).rglob("*.py")
    ]
    used = {
        (str(path.relative_to(CHECKOUT)), module)
        for path in paths
        for module, _ in imports(path.read_text())
        if module.startswith("tasks_core.admin")
    }
    assert used
    assert {module for _, module in used} == {"tasks_core.admin.toolkit"}


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_face_lists_what_it_has_and_says_what_it_is_for(face: ModuleType) -> None:
    names = list(face.__all__)
    assert names
    assert len(set(names)) == len(names)
    silent = [
        name
        for name in names
        if (inspect.isclass(getattr(face, name)) or inspect.isroutine(getattr(face, name)))
        and not inspect.getdoc(getattr(face, name))
    ]
    assert silent == []
    with pytest.raises(AttributeError):
        getattr(face, "nothing_of_this_name")  # noqa: B009 (an attribute that mypy need not know)


def test_a_listing_is_what_is_imported_on_use() -> None:
    for face in (tasks_core.admin.toolkit, notifications.channel_api):
        listing = {name for _, name in imports(Path(str(face.__file__)).read_text())}
        assert listing - {"imported_on_use"} == set(face.__all__)
