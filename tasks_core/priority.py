"""How urgent a task is."""

from django.db import models


class Priority(models.IntegerChoices):
    """0 is the most urgent."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


CRITICAL, HIGH, NORMAL, LOW = (priority.value for priority in Priority)
