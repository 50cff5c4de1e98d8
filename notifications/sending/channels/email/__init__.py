"""E-mail through Django's mail API, whatever backend is configured."""
