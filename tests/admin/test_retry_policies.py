"""Retry policies: validated, previewed, protected while in use."""

from random import Random
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.admin.retry_policies.preview import MAX_ROWS, delays
from tasks_core.engine.retry import STRATEGIES, from_json
from tasks_core.models import RetryPolicy
from tests.admin import rows

URL = "/admin/tasks_core/retrypolicy/"
FORM: dict[str, Any] = {
    "name": "gentle",
    "strategy": "exponential",
    "max_attempts": "4",
    "initial": "2",
    "step": "10",
    "factor": "3",
    "cap": "100",
    "jitter": "none",
    "jitter_ratio": "0.1",
    "max_total_time": "",
}


@given(
    strategy=st.sampled_from(sorted(STRATEGIES)),
    jitter=st.sampled_from(("none", "full", "proportional")),
    attempts=st.integers(1, 60),
    initial=st.floats(0, 1000),
    cap=st.floats(0, 5000),
    seed=st.integers(),
)
def test_every_delay_that_the_engine_draws_lies_within_the_preview(
    strategy: str, jitter: str, attempts: int, initial: float, cap: float, seed: int
) -> None:
    rule = from_json(
        {
            "strategy": strategy,
            "max_attempts": attempts,
            "initial": initial,
            "cap": cap,
            "jitter": jitter,
        }
    )
    shown = list(delays(rule))
    assert len(shown) == min(attempts - 1, MAX_ROWS)
    rng = Random(seed)
    for row in shown:
        drawn = rule.delay(row.attempt, rng)
        assert row.shortest - 1e-6 <= drawn <= row.longest + 1e-6
        assert row.shortest <= row.expected <= row.longest


def test_the_preview_marks_attempts_after_the_time_limit() -> None:
    rule = from_json(
        {"strategy": "fixed", "max_attempts": 5, "initial": 10.0, "max_total_time": 25.0}
    )
    assert [row.is_too_late for row in delays(rule)] == [False, False, True, True]


def test_the_preview_answers_a_form_that_is_being_edited(operator: Client) -> None:
    page = rows.text(operator.post(f"{URL}preview/", FORM))
    for delay in ("2 s", "6 s", "18 s", "26 s"):
        assert f"<td>{delay}</td>" in page
    assert "After attempt 4 the task ends in a dead letter" in page
    assert not RetryPolicy.objects.exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"factor": "0.5"}, "factor: Ensure this value is greater than or equal to 1"),
        ({"max_attempts": "0"}, "max_attempts: Ensure this value is greater than or equal to 1"),
        ({"initial": "-1"}, "initial: Ensure this value is greater than or equal to 0"),
        ({"cap": "soon"}, "cap: Enter a number"),
    ],
)
def test_the_preview_names_the_field_that_is_wrong(
    operator: Client, change: dict[str, str], complaint: str
) -> None:
    assert complaint in rows.text(operator.post(f"{URL}preview/", {**FORM, **change}))


def test_a_policy_is_made_edited_and_shown_with_its_delays(operator: Client) -> None:
    assert operator.post(f"{URL}add/", FORM).status_code == 302
    policy = RetryPolicy.objects.get()
    operator.post(f"{URL}{policy.pk}/change/", {**FORM, "initial": "5"})
    assert RetryPolicy.objects.get().initial == 5
    page = rows.text(operator.get(f"{URL}{policy.pk}/change/"))
    assert "<td>45 s</td>" in page
    assert "5 s, 15 s, 45 s" in rows.text(operator.get(URL))


def test_viewers_see_the_delays_but_not_the_buttons(viewer: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle")
    page = rows.text(viewer.get(f"{URL}{policy.pk}/change/"))
    assert "Delays that this gives" in page
    assert 'name="_save"' not in page


def test_a_policy_in_use_cannot_be_deleted(operator: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle")
    rows.order(retry="gentle")
    page = rows.text(operator.get(f"{URL}{policy.pk}/delete/"))
    assert "use it; they go with age" in page
    operator.post(f"{URL}{policy.pk}/delete/", {"post": "yes"})
    assert RetryPolicy.objects.exists()


def test_an_unused_policy_can_be_deleted(operator: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle")
    operator.post(f"{URL}{policy.pk}/delete/", {"post": "yes"})
    assert not RetryPolicy.objects.exists()


def test_a_refused_policy_is_shown_with_what_is_wrong(operator: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle", jitter="none", max_attempts=4)
    url = f"/admin/tasks_core/retrypolicy/{policy.pk}/change/"
    refused = operator.post(url, {**rows.form_of(operator, url), "factor": "0"})
    assert "factor" in str(refused.context["delays"])
    assert 'role="alert"' in str(refused.context["delays"])
