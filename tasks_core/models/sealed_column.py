"""Which columns of a model hold encrypted values, so that all of them are found when keys are rotated."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    """One column with what ``encryption.seal`` gave.

    Attributes:
        name: of the field.
        key: in a JSON column, the key of each object whose value is sealed; None if the whole text is, or is
            empty.
        is_configuration: whether the rows are few, and people make them.
    """

    name: str
    key: str | None = None
    is_configuration: bool = False
