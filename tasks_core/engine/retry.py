"""Should a failed attempt be tried again, and when?

A rule is data; ``delay`` is a pure function of the attempt's number and of a source of randomness.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, ClassVar, Literal, get_args

Jitter = Literal["none", "full", "proportional"]
JITTERS: tuple[str, ...] = get_args(Jitter)

ERROR_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

ERROR_LISTS = ("final_errors", "retried_errors")

MAX_DELAY = 366 * 24 * 3600.0
"""Longest delay in seconds that a rule may ask for."""


@dataclass(frozen=True, kw_only=True)
class RetryRule(ABC):
    """When to try again after a failure.

    Attributes:
        max_attempts: attempts in all, the first one included; at least 1.
        cap: longest delay in seconds, before jitter.
        jitter: ``none``; ``full`` draws from 0 to the delay; ``proportional`` adds or takes up to
            ``jitter_ratio`` of it.
        jitter_ratio: share of the delay, 0 to 1, for proportional jitter.
        max_total_time: seconds from the first attempt after which no further one is begun, or None.
        final_errors: names of exceptions that are never retried: a class path such as
            ``shop.errors.CardRefused``, or the bare name of the class; their subclasses count too.
        retried_errors: if not empty, only these are retried; names as in ``final_errors``.
    """

    strategy: ClassVar[str]

    max_attempts: int = 5
    cap: float = 3600.0
    jitter: Jitter = "none"
    jitter_ratio: float = 0.1
    max_total_time: float | None = None
    final_errors: tuple[str, ...] = ()
    retried_errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, not {self.max_attempts}")
        if self.jitter not in JITTERS:
            raise ValueError(f"jitter must be one of {', '.join(JITTERS)}, not {self.jitter!r}")
        if not 0 <= self.jitter_ratio <= 1:
            raise ValueError(f"jitter_ratio must lie between 0 and 1, not {self.jitter_ratio}")
        for name in self._seconds():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= MAX_DELAY:
                raise ValueError(f"{name} must lie between 0 and {MAX_DELAY:.0f} s, not {value}")

        for name in ERROR_LISTS:
            wrong = [error for error in getattr(self, name) if not ERROR_NAME.fullmatch(error)]
            if wrong:
                raise ValueError(f"{name}: {wrong[0]!r} is no name of an exception class")

    def forbids(self, kinds: Collection[str]) -> bool:
        """Tell whether an error is never retried; ``kinds`` are class paths of it and its bases."""
        names = {*kinds, *(kind.rpartition(".")[2] for kind in kinds)}
        if names.intersection(self.final_errors):
            return True
        return bool(self.retried_errors) and not names.intersection(self.retried_errors)

    def _seconds(self) -> tuple[str, ...]:
        return ("cap", "max_total_time")

    @abstractmethod
    def base_delay(self, attempt: int) -> float:
        """Return the seconds to wait after ``attempt`` (from 1), before cap and jitter."""

    def delay(self, attempt: int, rng: Random) -> float:
        """Return the seconds to wait after ``attempt`` (from 1) has failed."""
        capped = min(self.base_delay(attempt), self.cap)
        if self.jitter == "full":
            return rng.uniform(0.0, capped)
        if self.jitter == "proportional":
            return capped * (1.0 + rng.uniform(-self.jitter_ratio, self.jitter_ratio))
        return capped

    def to_json(self) -> dict[str, Any]:
        """Return the rule as plain data, for storing on a task."""
        return {"strategy": self.strategy, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Fixed(RetryRule):
    """The same delay in seconds after every failure."""

    strategy: ClassVar[str] = "fixed"
    initial: float = 10.0

    def _seconds(self) -> tuple[str, ...]:
        return (*super()._seconds(), "initial")

    def base_delay(self, attempt: int) -> float:
        """See ``RetryRule.base_delay``."""
        return self.initial


@dataclass(frozen=True, kw_only=True)
class Linear(RetryRule):
    """``initial`` seconds after the first failure, ``step`` seconds more after each further one."""

    strategy: ClassVar[str] = "linear"
    initial: float = 10.0
    step: float = 10.0

    def _seconds(self) -> tuple[str, ...]:
        return (*super()._seconds(), "initial", "step")

    def base_delay(self, attempt: int) -> float:
        """See ``RetryRule.base_delay``."""
        return self.initial + self.step * (attempt - 1)


@dataclass(frozen=True, kw_only=True)
class Exponential(RetryRule):
    """``initial`` seconds after the first failure, ``factor`` times as long after each further one."""

    strategy: ClassVar[str] = "exponential"
    initial: float = 2.0
    factor: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.factor <= 100:
            raise ValueError(f"factor must lie between 1 and 100, not {self.factor}")

    def _seconds(self) -> tuple[str, ...]:
        return (*super()._seconds(), "initial")

    def base_delay(self, attempt: int) -> float:
        """See ``RetryRule.base_delay``."""
        if not self.initial:
            return 0.0
        try:
            return min(self.initial * float(self.factor) ** (attempt - 1), MAX_DELAY)
        except OverflowError:  # far past any cap
            return MAX_DELAY


STRATEGIES: dict[str, type[RetryRule]] = {
    rule.strategy: rule for rule in (Fixed, Linear, Exponential)
}


def from_json(data: Mapping[str, Any]) -> RetryRule:
    """Rebuild a rule from ``RetryRule.to_json``.

    Raises:
        ValueError: an unknown strategy, an unknown field, a value out of range or of the wrong type; the
            message names it.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"a rule must be an object with its strategy, not {type(data).__name__}")
    values = dict(data)
    strategy = values.pop("strategy", None)
    rule = STRATEGIES.get(str(strategy))
    if rule is None:
        raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, not {strategy!r}")
    unknown = set(values) - {f.name for f in fields(rule)}
    if unknown:
        raise ValueError(f"{strategy} has no field {', '.join(sorted(unknown))}")
    errors: dict[str, Any] = {name: values.pop(name) for name in ERROR_LISTS if name in values}
    _check_types(values)
    values |= {name: _names(name, value) for name, value in errors.items()}
    return rule(**values)


def _names(field: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{field} must be a list of names of exceptions, not {value!r}")
    return tuple(value)


def _check_types(values: dict[str, Any]) -> None:
    for name, value in values.items():
        wanted: type | tuple[type, ...] = str if name == "jitter" else (int, float)
        is_missing = value is None and name == "max_total_time"
        if not is_missing and (isinstance(value, bool) or not isinstance(value, wanted)):
            kind = "text" if wanted is str else "a number"
            raise ValueError(f"{name} must be {kind}, not {value!r}")
