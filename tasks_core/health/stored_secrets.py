"""Do the keys of this process open what is stored?"""

from collections.abc import Iterator

from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.key_rotation.columns import sealed_places
from tasks_core.key_rotation.run import check

report = Reporter("secrets")


def look() -> Iterator[Finding]:
    """Open the first rows of each column of configuration; `reseal_secrets --check` opens all of all."""
    is_old_needed = is_lost = False
    for place in sealed_places():
        if not place.is_configuration:
            continue
        chunk = next(check(place), None)
        if chunk is None:
            continue
        is_old_needed = is_old_needed or bool(chunk.old)
        if chunk.lost:
            is_lost = True
            yield report.degraded(
                f"no key opens {len(chunk.lost):,} of the secrets in {place.name}, such as that of "
                f"row {chunk.lost[0]}",
                "put the key that sealed it back at the end of ENCRYPTION_KEYS, everywhere, or store the "
                "secret anew",
            )
    if is_old_needed:
        yield report.healthy(
            "stored secrets need an older key than the first; it may go once `reseal_secrets --check` agrees"
        )
    elif not is_lost:
        yield report.healthy("the first key opens the secrets of the configuration")
