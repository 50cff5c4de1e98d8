"""From environment variables to a Configuration, or to one clear line per mistake."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from scheduler_project.configuration import development
from scheduler_project.configuration.application_settings import PREFIX
from scheduler_project.configuration.complaints import complaints
from scheduler_project.configuration.model import SECRETS, VARIABLES, Configuration
from scheduler_project.configuration.secret_files import with_secret_files
from scheduler_project.configuration.written import marked_names, mistakes_in_writing

REQUIRED = {
    "SECRET_KEY": "a long random string; `openssl rand -base64 48` makes one",
    "DATABASE_URL": "postgresql://USER:PASSWORD@HOST:5432/NAME",
    "BROKER_URL": "redis://:PASSWORD@HOST:6379/0",
    "ENCRYPTION_KEYS": (
        "one or more Fernet keys, the newest first, separated by commas; make one with `python -c "
        "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`"
    ),
    "ALLOWED_HOSTS": "the host names people use, such as bell.example.com, separated by commas",
}


def load(environment: Mapping[str, str]) -> Configuration:
    """Return the configuration that `environment` describes.

    An empty variable counts as not set. Raises ImproperlyConfigured with a line for each mistake,
    which names the variable and never shows the value of a secret.
    """
    values = {name: value.strip(" \t\n") for name, value in environment.items() if value.strip()}
    values = with_secret_files(values, SECRETS)
    _refuse_what_is_badly_written(values)
    if development.asked_for(values):
        values = {**development.defaults(), **values}
    mistakes = [
        f"{name} is not set. Set it to {example}."
        for name, example in REQUIRED.items()
        if name not in values
    ]
    try:
        configuration = Configuration.model_validate(values)
    except ValidationError as error:
        missing = set(REQUIRED) - set(values)
        mistakes += complaints(error, already_named=missing)
        raise _refusal(mistakes, values) from None
    if mistakes:
        raise _refusal(mistakes, values)
    return configuration


def _refuse_what_is_badly_written(values: Mapping[str, str]) -> None:
    ours = {
        name: value
        for name, value in values.items()
        if name in VARIABLES or name.startswith(PREFIX)
    }
    mistakes = [f"{name} {problem}." for name, problem in mistakes_in_writing(ours)]
    mistakes += [
        f"The name of {name} begins with a byte order mark; save the file it comes from as UTF-8 without one."
        for name in marked_names(values)
    ]
    if mistakes:
        raise _refusal(mistakes, values)


def _refusal(mistakes: list[str], values: Mapping[str, str]) -> ImproperlyConfigured:
    if "DEBUG" not in values:
        mistakes = [*mistakes, *development.HINT]
    return ImproperlyConfigured("\n".join(["The configuration cannot be used:", *mistakes]))
