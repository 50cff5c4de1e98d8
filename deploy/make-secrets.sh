#!/bin/sh
# Write the secrets that compose.yaml names to deploy/secrets/. A file that is there already stays as it is.
# The folder is for its owner only. The files in it may be read by all, because containers see just the files,
# as users of their own (10001 and valkey).
set -eu
umask 077
folder="$(dirname "$0")/secrets"
if [ ! -s "$folder/email_url" ] && [ -z "${EMAIL_URL:-}" ]; then
  echo "Say where mail goes: EMAIL_URL=smtp+starttls://USER:PASSWORD@HOST:587 sh $0" >&2
  echo "(or EMAIL_URL=console: to see it in the log of the worker, for a trial)." >&2
  exit 2
fi
mkdir -p "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
store() {
  [ -s "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
  chmod 0444 "$folder/$1"
}

store postgres_password "$(random)"
store valkey_password "$(random)"
store valkey_config "requirepass $(cat "$folder/valkey_password")"
store database_url "postgresql://bellringer:$(cat "$folder/postgres_password")@postgres:5432/bellringer"
store broker_url "redis://:$(cat "$folder/valkey_password")@valkey:6379/0"
store secret_key "$(random)$(random)"
# A Fernet key: 32 bytes in base64 for URLs.
store encryption_keys "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
store flower_basic_auth "admin:$(random)"
store email_url "${EMAIL_URL:-}"
echo "The secrets are in $folder. Keep a copy of encryption_keys elsewhere: without it no secret can be read again."
