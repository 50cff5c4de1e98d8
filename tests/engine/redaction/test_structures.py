"""Secrets in values of any shape."""

from collections import OrderedDict, UserDict, deque, namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tasks_core.engine.redaction import MASK, KnownSecrets, Redactor

S = "hunter2"
Pair = namedtuple("Pair", ["user", "password"])


@dataclass
class Login:
    user: str
    password: Any


class Model(BaseModel):
    user: str
    token: str
    pin: SecretStr


class Telltale:
    def __repr__(self) -> str:
        return f"<Telltale password={S}>"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError(S)


class BrokenMapping(Mapping[str, str]):
    def __getitem__(self, key: str) -> str:
        raise KeyError(S)

    def __iter__(self) -> Iterator[str]:
        yield "a"

    def __len__(self) -> int:
        return 1


class Sly(str):
    __slots__ = ()

    def __str__(self) -> str:
        return S


class Number(IntEnum):
    ONE = 1


HIDDEN: tuple[Any, ...] = (
    {"password": S},
    {"a": [{"b": ({"api-key": S},)}]},
    {"Authorization": {"nested": [S]}},
    {b"token": S.encode()},
    OrderedDict(secret=S),
    UserDict(dsn=S),
    deque([{"otp": S}]),
    Login("ada", S),
    Login("ada", [Telltale()]),
    Pair("ada", S),
    Model(user="ada", token=S, pin=SecretStr(S)),
    [("Authorization", S)],
    [["cookie", S]],
    ["run", "--password", S],
    ["run", f"--password={S}"],
    [{"name": "X-Api-Key", "value": S}],
    {"Key": "password", "Value": [S]},
    Telltale(),
    [Telltale()],
    Broken(),
    BrokenMapping(),
    RuntimeError(f"password={S}"),
    f'{{"password": "{S}"}}',
    b'{"password": "hunter2"}',
    bytearray(b"password=hunter2"),
    {f"password={S}": 1},
    {1: {"pin": S}},
    Sly("harmless"),
    {frozenset({"x"}): {"token": {S}}},
    SecretStr(S),
)


@pytest.mark.parametrize("value", HIDDEN, ids=lambda value: type(value).__name__)
def test_secret_is_masked(value: Any) -> None:
    assert S not in str(Redactor().value(value))


def test_values_become_plain_json() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    value = {
        "none": None, "yes": True, "n": 3, "x": 1.5, "nan": float("nan"), "one": Number.ONE, 7: "seven",
        "at": now, "price": Decimal("1.20"), "raw": b"\xffa", "list": (1, {2}),
        "big": 10**5_000, "type": Login,
    }  # fmt: skip

    assert Redactor().value(value) == {
        "none": None, "yes": True, "n": 3, "x": 1.5, "nan": "nan", "one": 1, "7": "seven",
        "at": str(now), "price": "1.20", "raw": "\\xffa", "list": [1, [2]],
        "big": "<integer of 16610 bits>", "type": f"<class '{__name__}.Login'>",
    }  # fmt: skip


def test_nothing_is_left_to_hide_where_nothing_was_given() -> None:
    value = {"token": None, "password": "", "secret": False, "user": "ada"}

    assert Redactor().value(value) == value


def test_card_and_known_code_are_masked_as_numbers_too() -> None:
    known = [KnownSecrets(["123456"])]

    assert Redactor().value([4111111111111111, 123456, 123457], known) == [MASK, MASK, 123457]


def test_cycles_and_depth_end() -> None:
    ring: dict[str, Any] = {"n": 1}
    ring["self"] = [ring]
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]

    assert Redactor().value(ring) == {"n": 1, "self": ["<dict within itself>"]}
    assert "…" in str(Redactor().value(deep))


def test_width_and_length_are_bounded() -> None:
    wide = {f"k{n}": list(range(1_000)) for n in range(1_000)}
    long = ["x" * 15_000] * 90

    assert len(str(Redactor().value(wide))) < 50_000
    assert len(str(Redactor().value(long))) < 100_000


def test_fields_of_a_line_share_one_budget() -> None:
    fields = {f"field{n}": "x" * 15_000 for n in range(100)}

    assert len(str(Redactor().fields(fields))) < 100_000
