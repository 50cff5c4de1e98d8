"""The list of packages in docs/code-map.md: what each says of itself."""

import ast
from pathlib import Path

from scheduler_project.data_folder import CHECKOUT

APPS = ("tasks_core", "notifications", "scheduler_project")


def code_map() -> str:
    """Return a table of the packages of each app, each with the first sentence of its docstring."""
    return "\n\n".join(_table(app) for app in APPS)


def _table(app: str) -> str:
    packages = sorted(path.parent for path in (CHECKOUT / app).rglob("__init__.py"))
    rows = [_row(package) for package in packages if package.name != "migrations"]
    return "\n".join([f"### {app}", "", "| package | what is in it |", "|---|---|", *rows])


def _row(package: Path) -> str:
    source = (package / "__init__.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(source))
    if not said:
        raise ValueError(
            f"{package} does not say what is in it: write a docstring into its __init__.py"
        )
    sentence = " ".join(said.split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")
    path = package.relative_to(CHECKOUT).as_posix()
    return f"| [`{path}`](../{path}) | {sentence} |"
