"""Finding rows by address: an index over a number, because addresses may be too long for one of their own.

What is indexed has no key and protects nothing; for that there is ``notifications.keys.address_hash``.
"""

from django.db.models import BigIntegerField, F, Func, Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact


def address_index(address: str | Value) -> Func:
    """Return the expression that the indexes hold: of a column, or of a value to look for."""
    return Func(Lower(address), 0, function="hashtextextended", output_field=BigIntegerField())


def is_address(address: str) -> Q:
    """Return the condition for rows with this address, in capitals or not."""
    by_index = Exact(address_index("address"), address_index(Value(address)))
    return Q(by_index) & Q(Exact(Lower(F("address")), Lower(Value(address))))
