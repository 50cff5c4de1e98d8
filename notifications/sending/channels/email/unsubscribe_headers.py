"""The headers by which mail programs offer to unsubscribe (RFC 2369 and RFC 8058)."""


def unsubscribe_headers(url: str) -> dict[str, str]:
    """Return both headers for a link; none for none."""
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
