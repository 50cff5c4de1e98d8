"""No column of a table of the app is forgotten when a person is erased."""

import re

import pytest
from django.apps import apps
from django.db import connection

from notifications.privacy.erasure.traces import PLACES

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=18)]

WORDS = "it holds a word of a fixed list, a name or a locale"
MADE_BY_US = "we make it; it says nothing about a person"
AUTHORS = "authors and operators write it, for everybody"
SEALED = "it is sealed and goes with its row"
HASHED = "a keyed hash, which without the key tells nobody"
IDS = "our own ids"

ERASED = {
    "notifications_notification": {"address", "secret_context", "content_digest"},
    "notifications_delivery": {"address"},
    "notifications_deliveryattempt": {"error"},
    "notifications_inboxmessage": {"owner"},
    "notifications_keptcode": {"sealed"},
    "notifications_recipient": {"locale", "timezone", "quiet_hours"},
    "notifications_recipientaddress": {"channel", "address", "address_hash"},
    "notifications_preference": {"category", "channel", "source"},
    "notifications_suppression": {"address"},
    "notifications_softbounces": {"channel", "address_hash"},
    "notifications_providerevent": {"address_hash"},
    "notifications_broadcastreceiver": {"address"},
    "notifications_digest": {"address"},
    "notifications_destination": {"channel", "name", "sealed"},
    "notifications_ladderstep": {"address", "reason"},
}
"""What statements of their own remove: by address, by its hash, or with the row."""

KEPT = {
    "notifications_alertlimit": {"*": "about task types"},
    "notifications_broadcast": {"*": AUTHORS},
    "notifications_broadcastchunk": {"*": MADE_BY_US},
    "notifications_category": {"*": AUTHORS},
    "notifications_crontrigger": {"*": "configuration, as docs/privacy.md says"},
    "notifications_endpoint": {"*": "configuration, as docs/privacy.md says"},
    "notifications_endpointlane": {"taken": IDS, "breaker": WORDS},
    "notifications_erasure": {"*": "which of our rows, and which operator asked"},
    "notifications_eventsource": {"*": "configuration"},
    "notifications_limitcounter": {"*": HASHED + "; it goes when its window has ended"},
    "notifications_provider": {"*": "configuration"},
    "notifications_sealedkey": {"*": "the installation's own keys"},
    "notifications_template": {"*": AUTHORS},
    "notifications_templatedraft": {"*": AUTHORS},
    "notifications_templateversion": {"*": AUTHORS + ", and it never changes"},
    "notifications_notification": {
        "channel": WORDS,
        "category": WORDS,
        "condition": WORDS,
        "state": WORDS,
    },
    "notifications_delivery": {
        "channel": WORDS,
        "state": WORDS,
        "message_id": MADE_BY_US,
        "parked_for": WORDS,
        "unsuccessful_state": WORDS,
    },
    "notifications_deliveryattempt": {"outcome": WORDS},
    "notifications_deliverytotal": {"*": "numbers by channel and outcome"},
    "notifications_providerhealth": {"breaker": WORDS},
    "notifications_inboxmessage": {"category": WORDS},
    "notifications_suppression": {
        "address_hash": HASHED + "; who complained must not get mail again",
        "channel": WORDS,
        "category": WORDS,
        "reason": WORDS,
        "source": WORDS,
    },
    "notifications_providerevent": {
        "source": WORDS,
        "kind": WORDS,
        "bounce": WORDS,
        "channel": WORDS,
    },
    "notifications_digest": {
        "template": WORDS,
        "channel": WORDS,
        "locale": WORDS,
        "category": WORDS,
        "state": WORDS,
    },
    "notifications_ladderstep": {"channel": WORDS, "until": WORDS, "state": WORDS},
    "notifications_triggerevent": {"status": WORDS, "retry_conf": "numbers"},
}
"""What stays, and why it may."""


def columns() -> dict[str, set[str]]:
    """Give the columns of the app's tables that could hold an address or a text."""
    tables = {model._meta.db_table for model in apps.get_app_config("notifications").get_models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type IN "
            "('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')"
        )
        found: dict[str, set[str]] = {table: set() for table in tables}
        for table, column in cursor.fetchall():
            if table in found:
                found[table].add(column)
    return found


def in_places(table: str) -> set[str]:
    found: set[str] = set()
    for place in PLACES.values():
        if place.table == table:
            found.update(place.documents)
            found.update(name for name, _ in (*place.texts, *place.keys, *place.unique))
    return found


def test_every_column_is_erased_or_is_on_the_list_of_those_that_stay() -> None:
    forgotten = {
        f"{table}.{column}"
        for table, present in columns().items()
        for column in present - in_places(table) - ERASED.get(table, set())
        if not {column, "*"} & set(KEPT.get(table, {}))
    }
    assert forgotten == set(), "add them to PLACES, or say here why they stay"


def test_the_lists_name_only_what_there_is() -> None:
    there = columns()
    named = {(table, column) for table, names in ERASED.items() for column in names}
    named |= {(table, column) for table, names in KEPT.items() for column in names}
    assert {one for one in named if one[1] != "*" and one[1] not in there[one[0]]} == set()
    unknown = set(ERASED) | set(KEPT)
    assert unknown <= set(there)


def test_every_place_has_its_columns_with_the_lengths_that_it_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, coalesce(character_maximum_length, 0) "
            "FROM information_schema.columns WHERE table_schema = 'public'"
        )
        lengths = {(table, column): length for table, column, length in cursor.fetchall()}
    for place in PLACES.values():
        assert all((place.table, name) in lengths for name in place.documents)
        for name, longest in (*place.texts, *place.keys, *place.unique):
            assert lengths[place.table, name] == longest, (place.table, name)
        for name in re.findall(r"(\w+) (?:IS|NOT IN|IN)", place.condition):
            assert (place.table, name) in lengths
