"""Base64 for URLs, without the filling."""

import base64


def encode(data: bytes) -> str:
    """Encode, without ``=`` at the end."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Decode, with or without ``=`` at the end.

    Raises:
        ValueError: it is not base64url.
    """
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)
    except ValueError:  # binascii.Error is one
        raise ValueError("is not base64url") from None
