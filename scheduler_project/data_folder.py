"""The folder `.bellringer/` of a checkout: data of embedded servers, generated secrets."""

import os
import secrets
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the data folder, which exists afterwards. BELLRINGER_DATA_DIR moves it elsewhere."""
    folder = Path(os.environ.get("BELLRINGER_DATA_DIR") or CHECKOUT / ".bellringer").resolve()
    # Others may pass through, not list it: PostgreSQL started by root runs as another user.
    # Everything secret inside has its own narrow mode.
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    return folder


def kept_secret(path: Path, *, generate: str | None = None) -> str:
    """Return the secret in `path`, made and filled (mode 0600) if it does not exist."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(generate or secrets.token_urlsafe(24))
    try:
        # A link never replaces: of two processes that start together both get the same secret.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
