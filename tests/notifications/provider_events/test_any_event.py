"""Whatever is posted as an event is answered, and what is stored can be read again (guarantee 12)."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.api import suppressions_of
from notifications.models import ProviderEvent, SoftBounces, Suppression
from notifications.rules.provider_events import Bounce, EventKind
from notifications.sending.standard_webhooks.signing import signed_headers
from tests.notifications.provider_events.reports import SECRET, registered

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=12)]

WITHOUT_END = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

texts = st.text(st.characters(), max_size=300)
instants = st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | texts
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
kinds = st.sampled_from([kind.value for kind in EventKind])
bounces = st.sampled_from([*[one.value for one in Bounce], "Hard", "SOFT", ""])
fields = st.fixed_dictionaries(
    {},
    optional={
        "message_id": texts | anything,
        "address": st.sampled_from(["ada@example.com", "a" * 3000, "a@\xdf.example"]) | anything,
        "bounce": bounces | anything,
        "reason": anything,
    },
)
documents = st.fixed_dictionaries(
    {"type": kinds | anything, "data": fields | anything},
    optional={"timestamp": instants | anything},
)


@pytest.fixture(autouse=True)
def _acme(db: None) -> None:
    registered()


@pytest.fixture
def _keeping_addresses(bellringer: dict[str, Any]) -> None:
    bellringer["SUPPRESSION_KEEP_ADDRESSES"] = True


def post(body: bytes, event_id: str) -> int:
    at = datetime.now(UTC)
    headers = signed_headers(body, message_id=event_id, sent_at=at, secrets=[SECRET])
    answer = Client().post(
        "/notifications/events/acme", body, content_type="application/json", headers=headers
    )
    assert answer.json(), "every answer says what became of it"
    return answer.status_code


def read_all() -> None:
    """Raises if something is stored that cannot be read again."""
    for model in (ProviderEvent, SoftBounces, Suppression):
        json.dumps([str(vars(row)) for row in model.objects.all()]).encode()


@pytest.mark.usefixtures("_keeping_addresses")
@WITHOUT_END
@given(documents)
def test_any_signed_document_is_recorded_or_explained(document: Any) -> None:
    ProviderEvent.objects.all().delete()
    status = post(json.dumps(document).encode(), uuid4().hex)
    assert status in {200, 400}
    assert ProviderEvent.objects.count() == (status == 200)
    read_all()


@WITHOUT_END
@given(st.binary(max_size=300))
def test_any_signed_bytes_are_recorded_or_explained(body: bytes) -> None:
    assert post(body, uuid4().hex) in {200, 400}


@WITHOUT_END
@given(reason=texts, message_id=texts, spaces=st.sampled_from(["", " ", "\r\n", "\u00a0", "\x00"]))
def test_no_words_lose_a_hard_bounce(reason: str, message_id: str, spaces: str) -> None:
    address = f"{uuid4().hex}@example.com"
    data = {
        "address": spaces + address + spaces,
        "message_id": message_id,
        "bounce": "hard",
        "reason": reason,
    }
    body = json.dumps({"type": "bounced", "data": data}).encode()
    assert post(body, uuid4().hex) == 200
    assert [one.reason for one in suppressions_of("email", address)] == ["hard_bounce"]
    read_all()


@WITHOUT_END
@given(
    event_id=texts | st.none(),
    message_id=texts | st.none(),
    words=texts,
    at=st.datetimes(timezones=st.just(UTC)) | st.none(),
)
def test_no_words_lose_a_hard_bounce_of_anymail(
    event_id: str | None, message_id: str | None, words: str, at: datetime | None
) -> None:
    ProviderEvent.objects.all().delete()
    address = f"{uuid4().hex}@example.com"
    event = AnymailTrackingEvent(
        event_type="bounced",
        event_id=event_id,
        message_id=message_id,
        recipient=address,
        reject_reason="bounced",
        description=words,
        timestamp=at,
    )
    tracking.send(sender=object, event=event, esp_name="Amazon SES")
    assert [one.reason for one in suppressions_of("email", address)] == ["hard_bounce"]
    read_all()
