"""What every TLS connection asks of the other side."""

import ssl
from functools import cache


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context of the process: a certificate of a known authority, for the name asked for.

    Authorities are the system's, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
