"""Whose certificates are believed."""

from __future__ import annotations

import ssl

from daemon.errors import LinkError


def trusting(ca_file: str) -> ssl.SSLContext:
    """Return a client's TLS settings that trust the system's certificates and those in `ca_file`; empty for none more.

    Takes tens of milliseconds, on a Pi hundreds: not for the loop.

    Raises:
        LinkError: The file cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # an ssl.SSLError, too
            raise LinkError(f"the certificate file {ca_file} cannot be used ({error.strerror})") from error
    return context
