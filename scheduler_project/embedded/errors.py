"""What can go wrong with the embedded servers."""


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be started, found or stopped. The text says what to do."""
