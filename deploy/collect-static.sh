#!/bin/sh
# Collect the static files into an image: of the platform, and of the apps in settings of your own.
# That needs complete settings, but none of these values stays in the image.
set -e
SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(48))')
ENCRYPTION_KEYS=$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')
export SECRET_KEY ENCRYPTION_KEYS ALLOWED_HOSTS=none DATABASE_URL=postgresql://none/none BROKER_URL=redis://none/0
exec python manage.py collectstatic --noinput
