"""One connection to the service's door: its name, its port, its certificate; nothing is said there."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from typing import Final
from urllib.request import getproxies

from daemon.errors import LinkError
from daemon.live.trust import trusting

from .network import Reach, place

_STEP_S: Final = 4.0
"""For the connection, and again for TLS; the name's time is not ours to limit."""


def reach(base_url: str, ca_file: str) -> Reach:
    """Try it. Blocks for up to 8 s, and for as long as the resolver takes."""
    host, port = place(base_url)
    found = Reach(host, port)
    if "https" in getproxies():
        return replace(found, proxied=True)
    began_s = time.monotonic()
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return replace(found, dns=error.strerror or str(error))
    found = replace(found, addresses=tuple(sorted({str(address[4][0]) for address in addresses})))
    try:
        connection = socket.create_connection((host, port), timeout=_STEP_S)
    except OSError as error:
        return replace(found, tcp=error.strerror or str(error))
    with connection:
        distrust = "" if base_url.startswith(("http:", "ws:")) else _distrust(connection, host, ca_file)
    return replace(found, tls=distrust, took_ms=1000 * (time.monotonic() - began_s))


def _distrust(connection: socket.socket, host: str, ca_file: str) -> str:
    """Return why the one at the other end is not believed; empty if it is."""
    try:
        with trusting(ca_file).wrap_socket(connection, server_hostname=host):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except LinkError as error:
        return error.reason
    except OSError as error:
        return error.strerror or str(error)
