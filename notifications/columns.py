"""Check what goes into the columns of a row that callers set directly."""

import math
from collections.abc import Callable, Collection

from django.core.exceptions import ValidationError
from django.db import models


def check_columns(
    row: models.Model, names: Collection[str], refused: Callable[[str, str], Exception]
) -> None:
    """Check some columns of a row, as it is to be stored or as it is.

    Raises:
        what ``refused`` makes of the name of a column and what is wrong with it.
    """
    for name in names:
        field, value = row._meta.get_field(name), getattr(row, name)
        if isinstance(field, models.IntegerField) and type(value) is not int:
            raise refused(name, "must be a whole number")
        if isinstance(field, models.FloatField) and value is not None and not _is_number(value):
            raise refused(name, "must be a number")
    try:
        row.clean_fields(exclude=[one.name for one in row._meta.fields if one.name not in names])
    except ValidationError as error:
        name, problems = next(iter(error.message_dict.items()))
        raise refused(name, problems[0]) from None


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
