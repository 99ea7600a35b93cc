"""Notices at once that a network has come (back), so that no back-off is sat out for nothing.

Linux tells every change of addresses and routes on a netlink socket (rtnetlink(7)), to any user and at no cost while
nothing changes. Elsewhere there is no such signal, and the back-off's own pauses have to do.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

RTM_NEWADDR: Final = 20
RTM_NEWROUTE: Final = 24
GROUPS: Final = 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE (linux/rtnetlink.h)."""
HEADER: Final = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port."""
READ_BYTES: Final = 65536


def announces_network(messages: bytes) -> bool:
    """Whether one of the netlink messages says that there is a new address or route."""
    at = 0
    while at + HEADER.size <= len(messages):
        length, kind, *_ = HEADER.unpack_from(messages, at)
        if kind in {RTM_NEWADDR, RTM_NEWROUTE}:
            return True
        if length < HEADER.size:
            return False
        at += (length + 3) & ~3
    return False


async def watch(on_network: Callable[[], None]) -> None:
    """Call `on_network` whenever an address or a route appears, until cancelled. Returns at once where nothing tells.

    Several calls may come for one event; `on_network` is called on the loop and must not wait.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return
    loop = asyncio.get_running_loop()
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError:  # a sandbox without netlink
        return
    with netlink:
        netlink.bind((0, GROUPS))

        def read() -> None:
            try:
                messages = netlink.recv(READ_BYTES)
            except OSError:  # more changes than the kernel kept for us (ENOBUFS): something did change
                on_network()
                return
            if announces_network(messages):
                on_network()

        loop.add_reader(netlink, read)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(netlink)
