"""Who has looked at personal data: a line in the log, without the data."""

from __future__ import annotations

import logging

from django.db.models import Model
from django.http import HttpRequest

logger = logging.getLogger(__name__)


def log_view(request: HttpRequest, row: Model) -> None:
    """Write down that a person opened a row's page."""
    logger.info(
        "personal data was viewed",
        extra={
            "viewed_by": request.user.get_username(),
            "viewed": row._meta.model_name,
            "viewed_id": row.pk,
        },
    )
