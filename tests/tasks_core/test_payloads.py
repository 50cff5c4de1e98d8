"""Payloads: checked against their schema, sealed where secret, and never quoted in an error."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretBytes, SecretStr
from pytest_django import Settings
from typing_extensions import TypedDict

import tasks_core
from tasks_core.encryption import seal, unseal
from tasks_core.exceptions import InvalidPayload, PayloadTooLarge
from tasks_core.models import Task
from tasks_core.payloads import PayloadSchema, masked, parse, secrets_of
from tests.support.life import plain_type

LIMIT = 65_536
SECRET = "s3cret-pässwörd"


class Address(BaseModel):
    city: str
    lines: list[str] = Field(default_factory=list, max_length=2)


class Order(BaseModel):
    number: int
    total: Decimal = Decimal(0)
    due: date | None = None
    to: Address | None = None


class Login(BaseModel):
    user: str
    code: SecretStr
    spare: list[SecretStr] = []


@dataclass(frozen=True)
class Letter:
    to: str
    copies: int = 1
    code: SecretStr | None = None


class Small(TypedDict):
    n: int


def _stored(annotation: Any, payload: Any) -> Any:
    return json.loads(PayloadSchema(annotation).store(payload, max_bytes=LIMIT))


def _round_trip(annotation: Any, payload: Any) -> Any:
    return PayloadSchema(annotation).load(_stored(annotation, payload))


def test_model_comes_back_as_it_was() -> None:
    order = Order(number=7, total=Decimal("9.90"), due=date(2026, 3, 1), to=Address(city="Bern"))

    assert _round_trip(Order, order) == order
    assert _round_trip(Order, order.model_dump()) == order


def test_dataclass_and_typed_dict_come_back_as_they_were() -> None:
    assert _round_trip(Letter, {"to": "ada", "copies": 2}) == Letter("ada", 2)
    assert _round_trip(Letter, Letter("ada")) == Letter("ada")
    assert _round_trip(Small, {"n": 3}) == {"n": 3}


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | st.just(
    "\\u0000"
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


@pytest.mark.django_db
@given(value=json_values)
def test_any_json_without_nul_survives_the_database(value: Any) -> None:
    text = PayloadSchema(dict[str, Any]).store({"value": value}, max_bytes=LIMIT)

    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::jsonb)::text", [text])
        assert json.loads(cursor.fetchone()[0]) == {"value": value}


def test_text_that_only_looks_like_a_nul_escape_is_kept() -> None:
    assert _round_trip(dict[str, Any], {"a": "\\u0000"}) == {"a": "\\u0000"}


def test_dates_and_identifiers_in_a_free_payload_become_text() -> None:
    free = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "id": UUID(int=5),
        "price": Decimal("1.10"),
        "tags": {"a"},
        "pair": (1, 2),
    }

    assert _stored(dict[str, Any], free) == {
        "at": "2026-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000005",
        "price": "1.10",
        "tags": ["a"],
        "pair": [1, 2],
    }


@pytest.mark.parametrize(
    ("annotation", "payload", "field"),
    [
        (Order, {"number": SECRET}, "payload.number: Input should be a valid integer"),
        (Order, {}, "payload.number: Field required"),
        (Order, {"number": 1, "to": {"lines": []}}, "payload.to.city: Field required"),
        (
            Order,
            {"number": 1, "to": {"city": "x", "lines": ["a", SECRET, "c"]}},
            "payload.to.lines: List should have at most 2 items",
        ),
        (Letter, {"to": "x", "copies": SECRET}, "payload.copies: Input should be a valid integer"),
        (Small, {"n": SECRET}, "payload.n: Input should be a valid integer"),
        (dict[str, Any], [SECRET], "payload: Input should be a valid dictionary"),
        (Login, {"user": "x", "code": [SECRET]}, "payload.code: Input should be a valid string"),
    ],
)
def test_misfit_names_the_field_and_never_its_value(
    annotation: Any, payload: Any, field: str
) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        _stored(annotation, payload)

    assert field in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidPayload, match=r"payload\.number: .*; payload\.due: "):
        _stored(Order, {"number": "x", "due": "y"})


def _deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def _circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    "payload",
    [
        {"a": "x\x00y"},
        {"x\x00y": 1},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": "\ud800"},
        {"a": object()},
        {"a": b"\xff"},
        {"$sealed": "made up"},
        {"a": [{"$sealed": "made up"}]},
        {(1, 2): "key"},
        _deep(101),
        _deep(100_000),
        _circular(),
    ],
    ids=[
        "nul", "nul key", "nan", "infinity", "half a surrogate pair", "object", "bytes",
        "reserved key", "reserved key inside", "key that is no text", "too deep", "far too deep", "circular",
    ],
)  # fmt: skip
def test_what_the_database_cannot_store_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidPayload, match="payload"):
        _stored(dict[str, Any], payload)


@pytest.mark.django_db
def test_refused_payload_leaves_no_row() -> None:
    plain_type()

    with pytest.raises(InvalidPayload):
        tasks_core.enqueue("plain", {"a": "x\x00y"})
    with pytest.raises(PayloadTooLarge):
        tasks_core.enqueue("plain", {"a": "x" * LIMIT})

    assert not Task.objects.exists()


def test_size_is_counted_in_bytes_and_the_limit_itself_is_allowed() -> None:
    schema = PayloadSchema(dict[str, Any])
    payload = {"a": "ü" * 50}
    size = len(schema.store(payload, max_bytes=LIMIT).encode())

    assert schema.store(payload, max_bytes=size)
    with pytest.raises(
        PayloadTooLarge, match=f"payload has {size} bytes, more than the {size - 1}"
    ):
        schema.store(payload, max_bytes=size - 1)


@pytest.mark.django_db
def test_type_may_have_a_limit_of_its_own() -> None:
    plain_type("small", max_payload_bytes=20)

    with pytest.raises(PayloadTooLarge, match="more than the 20 allowed; store the data elsewhere"):
        tasks_core.enqueue("small", {"text": "more than twenty bytes"})


def test_secrets_are_sealed_at_rest_and_open_for_the_handler() -> None:
    login = Login(user="ada", code=SecretStr(SECRET), spare=[SecretStr("other")])

    stored = _stored(Login, login)

    assert stored["user"] == "ada"
    assert SECRET not in json.dumps(stored, ensure_ascii=False)
    assert unseal(stored["code"]["$sealed"]) == SECRET
    assert PayloadSchema(Login).load(stored) == login


def test_secret_of_a_dataclass_is_sealed_too() -> None:
    stored = _stored(Letter, Letter("ada", code=SecretStr(SECRET)))

    assert SECRET not in json.dumps(stored, ensure_ascii=False)
    assert PayloadSchema(Letter).load(stored).code.get_secret_value() == SECRET


def test_secret_in_a_free_payload_is_sealed_too() -> None:
    stored = _stored(dict[str, Any], {"deep": [{"code": SecretStr(SECRET)}]})

    assert SECRET not in json.dumps(stored, ensure_ascii=False)
    assert PayloadSchema(dict[str, Any]).load(stored) == {"deep": [{"code": SECRET}]}


def test_secret_within_a_model_in_a_free_payload_is_sealed_too() -> None:
    stored = _stored(dict[str, Any], {"login": Login(user="ada", code=SecretStr(SECRET))})

    assert PayloadSchema(dict[str, Any]).load(stored)["login"]["code"] == SECRET


def test_kind_of_secret_that_cannot_be_sealed_is_refused_instead_of_lost() -> None:
    with pytest.raises(InvalidPayload, match=r"SecretBytes.* use SecretStr"):
        _stored(dict[str, Any], {"key": SecretBytes(b"x")})


def test_same_secret_is_sealed_differently_each_time() -> None:
    assert seal("a") != seal("a")


def test_people_see_a_mask_in_place_of_a_secret() -> None:
    stored = _stored(Login, {"user": "ada", "code": SECRET, "spare": ["x"]})

    assert masked(stored) == {"user": "ada", "code": "••••••", "spare": ["••••••"]}


def test_secrets_are_found_for_scrubbing() -> None:
    stored = _stored(Login, {"user": "ada", "code": SECRET, "spare": ["x", "y"]})

    assert sorted(secrets_of(stored)) == sorted([SECRET, "x", "y"])


def test_older_key_still_opens_and_the_newest_one_seals(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [old]}
    stored = _stored(Login, {"user": "ada", "code": SECRET})

    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [new, old]}
    assert PayloadSchema(Login).load(stored).code.get_secret_value() == SECRET
    assert Fernet(new).decrypt(seal("x").encode()) == b"x"

    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [new]}
    with pytest.raises(ImproperlyConfigured, match="put the key that sealed it back"):
        PayloadSchema(Login).load(stored)
    assert secrets_of(stored) == []


def test_without_a_key_secrets_are_refused(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": []}

    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS is empty"):
        _stored(Login, {"user": "ada", "code": SECRET})


def test_stored_payload_that_no_longer_fits_says_where() -> None:
    with pytest.raises(InvalidPayload, match=r"payload\.number: Field required"):
        PayloadSchema(Order).load({"amount": 1})


def test_stored_payload_that_nobody_can_follow_is_no_payload() -> None:
    with pytest.raises(InvalidPayload, match="depth"):
        PayloadSchema(dict[str, dict[str, Any]]).load({"a": _deep(300)})


def test_json_typed_by_a_person_is_read_or_refused_with_the_place() -> None:
    assert parse('{"a": 1}') == {"a": 1}
    with pytest.raises(InvalidPayload, match=r"payload is not JSON: .* line 1 column"):
        parse('{"a": }')
