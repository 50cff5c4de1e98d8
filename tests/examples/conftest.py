"""Fixtures for the tests of the examples."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from examples.demo.receivers import Receivers
from examples.payments.gateway import Gateway
from examples.payments.merchants import read_merchants, register_merchants
from examples.payments.templates import publish_templates
from notifications.message_templates.compiled import compiled_version

URLS = {merchant.id: f"http://127.0.0.1:9/{merchant.id}" for merchant in read_merchants()}


@pytest.fixture(autouse=True)
def _no_compiled_versions() -> None:
    """Another test's database has other versions under the same ids."""
    compiled_version.cache_clear()


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as running:
        yield running


@pytest.fixture
def local_endpoints(settings: Settings) -> dict[str, Any]:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.1/32"],
    }
    changed: dict[str, Any] = settings.BELLRINGER
    return changed


@pytest.fixture
def gateway(db: None, local_endpoints: dict[str, Any]) -> Gateway:
    publish_templates()
    names = {merchant.id: merchant.name for merchant in read_merchants()}
    return Gateway("run", register_merchants(URLS), names)
