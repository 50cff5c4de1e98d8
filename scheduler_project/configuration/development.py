"""What a developer's machine needs no configuration for: DEBUG=true fills it in."""

from collections.abc import Mapping
from secrets import token_urlsafe

from cryptography.fernet import Fernet

from scheduler_project.data_folder import data_folder, kept_secret

TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
HINT = (
    "For development set DEBUG=true, which generates the secrets, and run the command as",
    "  python -m scheduler_project.embedded run -- COMMAND",
    "which starts PostgreSQL and Valkey and sets all of this.",
)


def asked_for(values: Mapping[str, str]) -> bool:
    """Return whether DEBUG is on. (Whether it is valid at all is checked with everything else.)"""
    return values.get("DEBUG", "").strip().lower() in TRUE


def defaults() -> dict[str, str]:
    """Return values for what production has to set. Secrets are generated once and kept."""
    folder = data_folder()
    return {
        "SECRET_KEY": kept_secret(folder / "secret-key", generate=token_urlsafe(48)),
        "ENCRYPTION_KEYS": kept_secret(
            folder / "encryption-key", generate=Fernet.generate_key().decode()
        ),
        "FLOWER_BASIC_AUTH": f"operator:{kept_secret(folder / 'operator-password')}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "EMAIL_URL": "console:",
    }
