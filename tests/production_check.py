"""`python -m tests.production_check`: Django's deployment checks, in a production configuration."""

import os
import secrets
import subprocess
import sys

from cryptography.fernet import Fernet

from scheduler_project.data_folder import CHECKOUT


def production_environment() -> dict[str, str]:
    """Return the least that production has to set; the servers do not exist."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "bell.example.com",
        "BELLRINGER_PUBLIC_URL": "https://bell.example.com",
        "DATABASE_URL": "postgresql://bell:secret@127.0.0.1:1/bell",
        "BROKER_URL": "redis://:secret@127.0.0.1:1/0",
    }


def main() -> int:
    """Run the checks; return their exit status."""
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        command, cwd=CHECKOUT, env=production_environment(), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
