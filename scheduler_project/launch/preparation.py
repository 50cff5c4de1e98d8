"""What the platform needs before its processes start: tables, and an operator who can log in."""

from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.core.management import call_command

from scheduler_project.data_folder import data_folder, kept_secret

OPERATOR = "operator"


@dataclass(frozen=True)
class Login:
    """Who can log in to the admin and to Flower."""

    user: str
    password: str = field(repr=False)


def prepare() -> Login:
    """Bring the database up to date and make sure that the operator exists.

    Django must be set up. The operator's password is generated once and kept in the data folder.
    """
    call_command("migrate", verbosity=0, interactive=False)
    login = Login(OPERATOR, kept_secret(data_folder() / "operator-password"))
    users = get_user_model()._default_manager
    user, _ = users.get_or_create(
        username=login.user, defaults={"is_staff": True, "is_superuser": True}
    )
    if not user.check_password(login.password):
        user.set_password(login.password)
        user.save(update_fields=["password"])
    return login
