"""Take secrets out of texts and structures before they are logged. Pure: no clock, no framework."""

from tasks_core.engine.redaction.hidden import HiddenValues
from tasks_core.engine.redaction.known import KnownSecrets
from tasks_core.engine.redaction.masking import MASK
from tasks_core.engine.redaction.redactor import Redactor

__all__ = ["MASK", "HiddenValues", "KnownSecrets", "Redactor"]
