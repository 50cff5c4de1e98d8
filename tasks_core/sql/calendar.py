"""Instants as statements read them: PostgreSQL knows some that Python does not, such as ``infinity``."""


def readable(column: str) -> str:
    """Return SQL for an instant of a row, the nearest that Python can hold and reckon with.

    For columns of rows that are read together: one value that the client cannot read fails all of them.
    """
    return (
        f"CASE WHEN {column} IS NOT NULL THEN GREATEST(LEAST({column}, "
        "'9000-01-01 00:00+00'::timestamptz), '1000-01-01 00:00+00'::timestamptz) END"
    )
