"""Who may see what the probes found, and not only how bad it is."""

from collections.abc import Collection
from enum import Enum, auto
from typing import TypeGuard

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import PermissionsMixin
from django.db import Error
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from tasks_core import conf
from tasks_core.health import Finding, Level, worst

SCHEME = "bearer"
PERMISSION = "tasks_core.view_worker"


class Access(Enum):
    """What an asker is told."""

    STATUSES = auto()
    DETAILS = auto()
    REFUSED = auto()


def access_of(request: HttpRequest, findings: Collection[Finding]) -> Access:
    """Judge by the token, or by the session if the database was found well enough to be asked."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == SCHEME:
        return Access.DETAILS if _is_right(token.strip()) else Access.REFUSED
    return Access.DETAILS if _is_trusted_user(request, findings) else Access.STATUSES


def _is_right(token: str) -> bool:
    expected = conf.current().health_token
    return bool(expected) and constant_time_compare(token, expected)


def _is_trusted_user(request: HttpRequest, findings: Collection[Finding]) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "session"):
        return False
    database = [f for f in findings if f.probe in {"database", "migrations"}]
    if worst(database) is Level.UNHEALTHY:
        return False
    try:
        user = get_user(request)
        return _is_staff(user) and user.has_perm(PERMISSION)
    except Error:
        return False


def _is_staff(user: object) -> TypeGuard[PermissionsMixin]:
    is_person = isinstance(user, PermissionsMixin) and getattr(user, "is_active", False)
    return bool(is_person and getattr(user, "is_staff", False))
