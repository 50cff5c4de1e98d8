"""When a trigger's webhook is called again, and until when."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from notifications.exceptions import InvalidTrigger
from tasks_core.engine.retry import JITTERS, MAX_DELAY, Exponential, Fixed, Jitter, RetryRule

MAX_RETRIES = 1_000
LONGEST_TIMEOUT = 3_600
BACKOFFS = ("fixed", "exponential")


@dataclass(frozen=True, kw_only=True)
class RetryConf:
    """The retry configuration of a trigger or a one-off event.

    Attributes:
        num_retries: attempts in all are one more than this.
        retry_interval_seconds: from a failure to the next attempt; with exponential back-off, the first.
        timeout_seconds: for a whole exchange with the webhook, in whole seconds.
        tolerance_seconds: how late an attempt may begin, measured from the time first intended.
        backoff: ``fixed``, or ``exponential``: each interval is ``backoff_factor`` times the one before.
        max_interval_seconds: longest interval of an exponential back-off.
        jitter: ``none``; ``full`` draws from 0 to the interval; ``proportional`` varies it by a tenth.
        retry_client_errors: whether answers 400 to 499 are retried; 408, 409, 425 and 429 always are.
    """

    num_retries: int = 0
    retry_interval_seconds: float = 10
    timeout_seconds: int = 60
    tolerance_seconds: float = 21_600
    backoff: str = "fixed"
    backoff_factor: float = 2
    max_interval_seconds: float = 3_600
    jitter: Jitter = "none"
    retry_client_errors: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as it is stored."""
        return asdict(self)

    def rule(self) -> RetryRule:
        """Return the rule that tells the interval after each attempt."""
        if self.backoff == "exponential":
            return Exponential(
                initial=self.retry_interval_seconds,
                factor=self.backoff_factor,
                cap=self.max_interval_seconds,
                jitter=self.jitter,
            )
        interval = self.retry_interval_seconds
        return Fixed(initial=interval, cap=interval, jitter=self.jitter)


_NAMES = tuple(field.name for field in fields(RetryConf))


def parse_retry_conf(given: Any) -> RetryConf:
    """Read a configuration; what is not given has its default.

    Raises:
        InvalidTrigger: names the field, and what would be right.
    """
    if isinstance(given, RetryConf):
        given = given.to_json()
    if given is None:
        return RetryConf()
    if not isinstance(given, Mapping):
        raise InvalidTrigger("retry_conf", f"must be an object with some of {', '.join(_NAMES)}")
    unknown = sorted(str(name) for name in given if name not in _NAMES)
    if unknown:
        raise InvalidTrigger(
            "retry_conf", f"has no {', '.join(unknown)}; it has {', '.join(_NAMES)}"
        )
    values = {name: _READERS[name](f"retry_conf.{name}", value) for name, value in given.items()}
    return RetryConf(**values)


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidTrigger(where, "must be a number")
    if value < 0:
        raise InvalidTrigger(where, "cannot be a negative value")
    return value


def _seconds(where: str, value: Any) -> float:
    number = _number(where, value)
    if number > MAX_DELAY:
        raise InvalidTrigger(where, f"must be at most {MAX_DELAY:.0f} s")
    return number


def _retries(where: str, value: Any) -> int:
    number = _number(where, value)
    if number != int(number) or number > MAX_RETRIES:
        raise InvalidTrigger(where, f"must be a whole number from 0 to {MAX_RETRIES}")
    return int(number)


def _timeout(where: str, value: Any) -> int:
    seconds = math.floor(_number(where, value) + 0.5)
    if not 1 <= seconds <= LONGEST_TIMEOUT:
        raise InvalidTrigger(where, f"must be 1 to {LONGEST_TIMEOUT} s")
    return seconds


def _factor(where: str, value: Any) -> float:
    factor = _number(where, value)
    if not 1 <= factor <= 100:
        raise InvalidTrigger(where, "must be 1 to 100")
    return factor


def _backoff(where: str, value: Any) -> Any:
    if value not in BACKOFFS:
        raise InvalidTrigger(where, f"must be one of {', '.join(BACKOFFS)}")
    return value


def _jitter(where: str, value: Any) -> Any:
    if value not in JITTERS:
        raise InvalidTrigger(where, f"must be one of {', '.join(JITTERS)}")
    return value


def _switch(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidTrigger(where, "must be true or false")
    return value


_READERS = {
    "num_retries": _retries,
    "retry_interval_seconds": _seconds,
    "timeout_seconds": _timeout,
    "tolerance_seconds": _seconds,
    "backoff": _backoff,
    "backoff_factor": _factor,
    "max_interval_seconds": _seconds,
    "jitter": _jitter,
    "retry_client_errors": _switch,
}
