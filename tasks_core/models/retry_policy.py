"""A named retry rule that operators edit."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from tasks_core.engine.retry import ERROR_NAME, MAX_DELAY, STRATEGIES, RetryRule, from_json
from tasks_core.models.platform_model import PlatformModel

SECONDS = (MinValueValidator(0.0), MaxValueValidator(MAX_DELAY))


class RetryPolicy(PlatformModel):
    """A change applies to the next failed attempt of every task that names the policy."""

    class Strategy(models.TextChoices):
        """How the delay grows."""

        FIXED = "fixed", "Fixed"
        LINEAR = "linear", "Linear"
        EXPONENTIAL = "exponential", "Exponential"

    class Jitter(models.TextChoices):
        """How the delay is spread."""

        NONE = "none", "None"
        FULL = "full", "Full (from 0 to the delay)"
        PROPORTIONAL = "proportional", "Proportional"

    name = models.SlugField(max_length=100, unique=True)
    strategy = models.CharField(
        max_length=12, choices=Strategy.choices, default=Strategy.EXPONENTIAL
    )
    max_attempts = models.PositiveIntegerField(
        default=5,
        validators=(MinValueValidator(1),),
        help_text="Attempts in all, the first one included.",
    )
    initial = models.FloatField(
        default=2.0, validators=SECONDS, help_text="Seconds after the first failure."
    )
    step = models.FloatField(
        default=10.0, validators=SECONDS, help_text="Linear only: seconds more each time."
    )
    factor = models.FloatField(
        default=2.0,
        validators=(MinValueValidator(1.0), MaxValueValidator(100.0)),
        help_text="Exponential only: times as long each time.",
    )
    cap = models.FloatField(
        default=3600.0, validators=SECONDS, help_text="Longest delay in seconds, before jitter."
    )
    jitter = models.CharField(max_length=12, choices=Jitter.choices, default=Jitter.FULL)
    jitter_ratio = models.FloatField(
        default=0.1,
        validators=(MinValueValidator(0.0), MaxValueValidator(1.0)),
        help_text="Proportional jitter only: share of the delay, 0 to 1.",
    )
    max_total_time = models.FloatField(
        null=True,
        blank=True,
        validators=SECONDS,
        help_text="Seconds from the first attempt after which none is begun. Empty: no limit.",
    )

    final_errors = ArrayField(
        models.CharField(max_length=200, validators=(RegexValidator(rf"^{ERROR_NAME.pattern}\Z"),)),
        default=list,
        blank=True,
        help_text="Exceptions that are never retried, such as CardRefused or shop.errors.CardRefused; "
        "separated by commas. Subclasses count too.",
    )
    retried_errors = ArrayField(
        models.CharField(max_length=200, validators=(RegexValidator(rf"^{ERROR_NAME.pattern}\Z"),)),
        default=list,
        blank=True,
        help_text="If given, only these are retried.",
    )

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "retry policies"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what the engine would refuse."""
        try:
            self.rule()
        except (TypeError, ValueError) as error:
            raise ValidationError(str(error)) from error

    def rule(self) -> RetryRule:
        """Return the policy as a rule of the engine."""
        kind = STRATEGIES[self.strategy]
        names = kind.__dataclass_fields__
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        return from_json({"strategy": self.strategy, **values})
