"""Links by which people say what they do not want, without logging in (RFC 8058)."""
