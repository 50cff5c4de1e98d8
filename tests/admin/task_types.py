"""Task types for the tests of the admin; what they do is said by their payload."""

from typing import Any

from pydantic import BaseModel, SecretStr

import tasks_core


class Order(BaseModel):
    """A payload with a schema and a secret."""

    number: int
    card: SecretStr = SecretStr("card-default")
    fails: bool = False


@tasks_core.task_type(
    "admin_tests.order", queue_name="admin-tests", retry=tasks_core.Fixed(max_attempts=1)
)
def order(payload: Order) -> dict[str, Any]:
    if payload.fails:
        raise ValueError(f"order {payload.number} has no customer")
    return {"done": payload.number}


@tasks_core.task_type(
    "admin_tests.again",
    queue_name="admin-tests",
    retry=tasks_core.Fixed(max_attempts=5, initial=600.0),
)
def again(payload: dict[str, Any]) -> None:
    raise ConnectionError("the gateway does not answer")


class Call(BaseModel):
    """An address and a secret side by side, a list of secrets, and a field that holds none."""

    url: str = "https://shop.example/hook"
    token: SecretStr = SecretStr("token-default")
    note: str = ""
    codes: list[SecretStr] = []


@tasks_core.task_type(
    "admin_tests.call", queue_name="admin-tests", retry=tasks_core.Fixed(max_attempts=1)
)
def call(payload: Call) -> None:
    raise ValueError("the shop does not answer")
