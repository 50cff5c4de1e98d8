"""Error reports to Sentry, if SENTRY_DSN is set."""

import sentry_sdk


def configure(dsn: str) -> None:
    """Start reporting. What could hold a secret stays here: local variables and request bodies."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )
