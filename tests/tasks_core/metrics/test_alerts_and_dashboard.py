"""The alert rules and the dashboard in deploy/ speak of metrics that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.core import Metric

from tasks_core import clock
from tasks_core.engine.states import EventKind, State
from tasks_core.metrics.sampling import Sampler
from tasks_core.models import TaskEvent
from tests.support.life import PLAIN, bring_to, plain_type
from tests.tasks_core.metrics.counting import count_all
from tests.tasks_core.metrics.promql import OF_PROMETHEUS, labels_named, selectors, series

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "bellringer.json"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
VARIABLES = {"$job": "bellringer", "$task_type": ".*", "$queue": ".*", "$__rate_interval": "1m"}


@pytest.fixture
def metrics(scrape: Callable[[], dict[str, Metric]], transactional_db: None) -> dict[str, Metric]:
    """Give what /metrics tells of an installation in which everything has happened once."""
    plain_type()
    for state in (*(set(State) - {State.SCHEDULED}), State.SCHEDULED):
        bring_to(state)
    for kind in EventKind:
        TaskEvent.objects.create(
            task_id=1, task_type=PLAIN, kind=kind, attempt=2, at=clock.now(), duration=0.5
        )
    count_all()
    Sampler().sample()
    return scrape()


def _panels() -> Iterator[dict[str, Any]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        if panel["type"] != "row":
            yield panel


def _filled_in(expression: str) -> str:
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, f"an unknown variable: {expression}"
    return expression


def _require_series(expression: str, metrics: dict[str, Metric], *, where: str) -> set[str]:
    """Require that all an expression reads exists; return the labels that it can rely on."""
    known: set[str] = set(OF_PROMETHEUS)
    for selector in selectors(expression):
        if selector.name != "up":  # Prometheus itself writes this one
            found = series(selector, metrics)
            assert found, f"{where}: nothing matches {selector.prettify()}"
            known |= set().union(*found)
    unknown = labels_named(expression) - known
    assert not unknown, f"{where}: no series of it has the labels {unknown}"
    return known


def test_every_alert_reads_metrics_that_exist(metrics: dict[str, Metric]) -> None:
    names = [alert["alert"] for alert in ALERTS]
    assert len(names) == len(set(names)) >= 12
    for alert in ALERTS:
        known = _require_series(alert["expr"], metrics, where=alert["alert"])
        assert alert["labels"]["severity"] in {"warning", "critical"}
        text = " ".join(alert["annotations"].values())
        said = set(re.findall(r"\$labels\.(\w+)", text))
        # What an expression does not group by, its alerts do not have.
        kept = labels_named(alert["expr"]) if alert["expr"].find(" by ") > 0 else known
        assert said <= kept, f"{alert['alert']} says {said - kept}, which its alerts lack"


def test_no_panel_is_dead(metrics: dict[str, Metric]) -> None:
    ids = [panel["id"] for panel in _panels()]
    assert len(ids) == len(set(ids)) > 20
    for panel in _panels():
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            expression = _filled_in(target["expr"])
            _require_series(expression, metrics, where=panel["title"])
            legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert legend <= labels_named(expression), f"{panel['title']}: {legend}"


def test_the_dashboards_variables_find_values(metrics: dict[str, Metric]) -> None:
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            match = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert match is not None, variable
            selector, label = selectors(_filled_in(match[1]))[0], match[2]
            found = series(selector, metrics)
            assert found, variable["name"]
            assert label in OF_PROMETHEUS or all(label in labels for labels in found)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_a_wrong_name_or_label_is_found(metrics: dict[str, Metric]) -> None:
    for expression in (
        "tasks_compleeted_total",
        'tasks_completed_total{task_type="no such"}',
        "sum by (taks_type) (tasks_completed_total)",
        'breakers{state="ajar"}',
    ):
        with pytest.raises(AssertionError):
            _require_series(expression, metrics, where="test")
    with pytest.raises(ValueError, match="parenthesis"):
        selectors("sum by (task_type (x)")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_accepts_the_rules_and_the_configuration() -> None:
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)
    configuration = DEPLOY / "prometheus" / "prometheus.yaml"
    subprocess.run(
        ["promtool", "check", "config", "--syntax-only", configuration],
        check=True,
        capture_output=True,
    )
