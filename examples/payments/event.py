"""An event of the payment gateway, and the file of them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from examples.payments.merchants import merchant_ids

AUTHENTICATION = "payment.authentication_requested"
SUCCEEDED = "payment.succeeded"
REFUNDED = "payment.refunded"
CHARGEBACK = "payment.chargeback"

EventType = Literal[
    "payment.authentication_requested",
    "payment.succeeded",
    "payment.refunded",
    "payment.chargeback",
]


class InvalidEventFile(ValueError):
    """A line of the file is no event; the text names the line and what is wrong with it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Payment(_Part):
    """What is paid, and how. `amount` is in the currency's smallest unit."""

    id: str
    amount: int = Field(gt=0)
    currency: str = Field(pattern="^[A-Z]{3}$")
    description: str
    card: str


class Customer(_Part):
    """Who pays."""

    name: str
    email: str


class Challenge(_Part):
    """The customer has to prove who they are, within `valid_for` seconds from now on.

    Zero or less: the event was under way for so long that it is too late already.
    """

    valid_for: float


class Event(_Part):
    """One line of the file. `merchant` is an id of merchants.json."""

    id: str
    type: EventType
    created: AwareDatetime
    merchant: str
    payment: Payment
    customer: Customer
    challenge: Challenge | None = None
    reason: str | None = None

    @field_validator("merchant")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in merchant_ids():
            raise ValueError(f"is none of {', '.join(sorted(merchant_ids()))}")
        return value


def read_events(path: Path, limit: int | None = None) -> list[Event]:
    """Return the events of a file of JSON lines, at most `limit` of them.

    Raises:
        InvalidEventFile: names the line and the field that is wrong.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8") as lines:
        return list(islice(_events(path, lines), limit))


def _events(path: Path, lines: Iterator[str]) -> Iterator[Event]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Event.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "the line"
            raise InvalidEventFile(f"{path}, line {number}: {field}: {first['msg']}") from None
