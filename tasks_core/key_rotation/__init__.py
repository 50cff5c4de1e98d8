"""Seal all that is stored anew with the first of ``ENCRYPTION_KEYS``, so that the others may go."""
