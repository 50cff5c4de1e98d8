"""The test servers answer."""

import pytest
import redis
from django.db import connection


@pytest.mark.django_db
def test_database_of_the_tests_is_postgresql_of_our_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        assert cursor.fetchone() == ("200",)


def test_broker_of_the_tests_is_empty_and_never_evicts(broker: "redis.Redis") -> None:
    assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
