"""What a scrape consists of; other apps add their part."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from django.db import DatabaseError, InterfaceError
from prometheus_client.core import Metric

from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.metrics import processes, samples, subscriptions, totals, waiting
from tasks_core.metrics.families import gauges

logger = logging.getLogger(__name__)

Make = Callable[[], Iterable[Metric]]

_parts: dict[str, Make] = {
    "totals": totals.collect,
    "processes": processes.collect,
    "lateness": waiting.collect_lateness,
    "samples": samples.collect,
    "subscriptions": subscriptions.collect,
    "broker": waiting.collect_backlog,
}


def add_metrics(part: str, make: Make) -> None:
    """Let ``/metrics`` also tell what ``make`` yields; other apps call it when they are ready.

    Args:
        part: a name for the scrape's own metrics, such as ``notifications``.
        make: called at each scrape. It must be quick, ask the database a fixed number of questions, and give
            labels of a bounded number of values. If it raises, its part is missing and the others are not.

    Raises:
        ValueError: another part has this name.
    """
    if _parts.get(part, make) is not make:
        raise ValueError(f"a part of the metrics is called {part!r} already; choose another name")
    _parts[part] = make


class Scrape:
    """Everything at this moment, as prometheus_client wants it of a collector."""

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics.

        Raises:
            django.db.DatabaseError, django.db.InterfaceError: the database fails; there is nothing to tell.
        """
        errors: dict[tuple[str, ...], float] = {}
        durations: dict[tuple[str, ...], float] = {}
        for part, make in _parts.items():
            began = time.perf_counter()
            made = _made(part, make)
            errors[(part,)] = made is None
            durations[(part,)] = time.perf_counter() - began
            yield from made or ()
        yield gauges(
            "bellringer_scrape_error", "Whether a part of this scrape is missing", ("part",), errors
        )
        yield gauges(
            "bellringer_scrape_duration_seconds",
            "How long a part of this scrape took",
            ("part",),
            durations,
        )


def _made(part: str, make: Make) -> list[Metric] | None:
    try:
        return list(make())
    except (DatabaseError, InterfaceError):
        raise
    except BrokerUnavailable as error:
        logger.warning("the metrics lack what the broker knows: %s", error)
    except Exception:
        logger.exception("the metrics lack the part %s", part)
    return None
