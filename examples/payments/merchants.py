"""The merchants of the gateway, and the endpoints that take their webhooks."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, TypeAdapter

if TYPE_CHECKING:
    from notifications.models import Endpoint

FILE = Path(__file__).with_name("merchants.json")


class Merchant(BaseModel):
    """Somebody who is paid through the gateway. `share` weighs how often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    share: int


def read_merchants() -> list[Merchant]:
    """Return all merchants."""
    return TypeAdapter(list[Merchant]).validate_python(json.loads(FILE.read_text("utf-8")))


@cache
def merchant_ids() -> frozenset[str]:
    """Return the ids of all merchants."""
    return frozenset(merchant.id for merchant in read_merchants())


def register_merchants(urls: Mapping[str, str]) -> "dict[str, Endpoint]":
    """Register each merchant's endpoint, or lead it to its new address; return them by merchant id.

    Nothing is held against an endpoint from before, even if that had disabled it.

    Raises:
        InvalidEndpoint: an address may not be used; says why.
    """
    from django.db import transaction

    from notifications.api import disable_endpoint, enable_endpoint, register_endpoint
    from notifications.models import Endpoint

    known = {endpoint.name: endpoint for endpoint in Endpoint.objects.all()}
    found: dict[str, Endpoint] = {}
    for merchant in read_merchants():
        endpoint = known.get(merchant.name)
        if endpoint is None:
            endpoint = register_endpoint(merchant.name, urls[merchant.id])
        else:
            with transaction.atomic():
                Endpoint.objects.filter(pk=endpoint.pk).update(url=urls[merchant.id])
                disable_endpoint(endpoint.pk, reason="it moves")
                enable_endpoint(endpoint.pk)
            endpoint.url = urls[merchant.id]
        found[merchant.id] = endpoint
    return found
