"""When the kernel is to give a TCP connection up."""

from __future__ import annotations

import socket
from typing import Final

KERNEL_DEADLINES: Final = (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 4000))
"""The kernel gives a link up when nothing was acknowledged for 4 s, whatever it has buffered, and asks after 2 s of
silence (tcp(7)). It counts in steps of its own, so it knows after 4 to 5 s (tests/loopback/test_half_open.py)."""


def watch(sock: socket.socket | None) -> None:
    """Let the kernel notice a half-open link: it knows what was acknowledged, which no ping on top of it does."""
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KERNEL_DEADLINES:
        if hasattr(socket, option):  # macOS lacks some of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
