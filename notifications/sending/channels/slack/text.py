"""Text for Slack."""


def escaped(text: str) -> str:
    """Escape what Slack reads as control: so no value can mention everyone or hide a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
