"""Who may be reached although the sandbox is on."""

from urllib.parse import urlsplit

from notifications import conf


def is_allowed(address: str) -> bool:
    """Return whether an entry of ``SANDBOX_ALLOW`` covers an address or a URL."""
    entries = {entry.strip().lower() for entry in conf.current().sandbox_allow}
    return bool(entries & _names(address.strip().lower()))


def _names(address: str) -> set[str]:
    """Return the entries that would cover an address: itself, its domain, and ``*.`` its parents."""
    domain = _domain(address)
    if not domain:
        return {address}
    labels = domain.split(".")
    parents = {f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels))}
    return {address, domain, *parents}


def _domain(address: str) -> str:
    if "://" in address:
        try:
            return (urlsplit(address).hostname or "").rstrip(".")
        except ValueError:
            return ""
    return address.rpartition("@")[2] if "@" in address else ""
